"""`devassist audit`: queries of the audit log."""
