"""`python -m devassist`."""

from devassist.cli.app import main

if __name__ == "__main__":
    main()
