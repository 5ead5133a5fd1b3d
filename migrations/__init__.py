"""Schema changes, reversible, one dated file each; shipped inside the wheel."""
