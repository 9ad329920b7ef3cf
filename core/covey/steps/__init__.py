"""The steps: one file each, one class, two methods.

`get_command` says what is to be done, `handle_result` judges what came of it; neither does the work. Which step
follows which is told by `covey.workflows` alone.
"""
