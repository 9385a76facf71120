"""The command `destroy`: confirm, back up, destroy, list what is left."""
