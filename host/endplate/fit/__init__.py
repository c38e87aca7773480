# SPDX-License-Identifier: GPL-3.0-or-later
"""Making the path fit a person. Rooms, in the order in which a recording passes them:

guided     a person does what the screen says, each repetition judged as it ends
recorded   recordings, ours or another's, as cues, labels and trials
sites      what each site hears, and what to do with it
decoders   one file each; here, beside the rooms: auto.py chooses one, judgement.py judges it,
           calibration.py makes a profile of it
donning    the same person another day
"""
