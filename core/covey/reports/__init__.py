"""What came of a run, for those who were not there: a page of Markdown, JUnit XML for CI servers, JSON for programs.

`facts` draws from a run's record what all of them tell, `markdown`, `junit` and `data` write it down; these are pure.
`destination` is where a report is put: never in the place of anything but an older report.
"""
