"""`devassist conflicts`: finds, shows and resolves conflicts between branches."""
