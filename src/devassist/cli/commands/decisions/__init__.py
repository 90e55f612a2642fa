"""The decisions of people: inbox, approvals, rejections, answers."""
