"""What the programme measures of a caseload, month by month.

definitions   what each measure counts: FHIR Measures, reviewed data (mappings/definitions/measure-*.json)
criteria      the queries in which they say so
counting      which days of a month something counts on, and whether it holds at the month's end
person_time   months, membership to the day, person-days
tally         sums of many people, of which none is kept
evaluate      reads the members one after the other, each with a Grant, and adds them up
disclosure    small numbers
report        a FHIR MeasureReport
picture       the months as an SVG, and as a table
"""
