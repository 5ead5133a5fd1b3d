"""Pages for the guarantee company, the finance bureau and bank officers: the API's domain calls,
rendered on the server, usable without JavaScript."""
