"""What goes over the wire: requests as each provider accepts them, and replies as all of devassist reads them."""
