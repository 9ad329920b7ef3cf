"""Text for people: words for numbers and times, signs for states, and the sanitiser. Pure: no I/O, no clock."""
