"""Pages for the guarantee company, the finance bureau and bank officers."""
