"""Which pairs of branches clash in dependencies, migrations, routes, commands or schemas."""
