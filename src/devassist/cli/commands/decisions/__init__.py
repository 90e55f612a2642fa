"""What a person decides: the inbox, approvals, rejections, answers."""
