"""HTTP infrastructure: headers, cookies, CORS, errors, rate limits, static files, access log."""
