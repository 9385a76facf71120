"""HTTP concerns that are not the contest: headers, cookies, CORS, errors, limits, static files."""
