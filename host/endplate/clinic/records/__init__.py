# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of patients, in one folder of the computer:

    DATA/clinic.db                     the index: patients, visits, results, scores (SQLite)
    DATA/patients/UID/VISIT/...        recordings and profiles of a visit, as plain files

database   opens the index; one sentence for whatever is wrong with it
patients   who: code, side, level, dates, sites        visits   when, with what came of it
scores     outcome instruments entered by hand         archive  one patient as one file; deletion
"""
