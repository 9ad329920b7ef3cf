"""The detail of one session, as lines: its head, and what each of its tabs shows. Pure, like all of the view.

`width` is the cells between the pane's margins. What is right-aligned goes to its edge; text that is read leaves the
last cell free, so that it does not touch the scrollbar.
"""
