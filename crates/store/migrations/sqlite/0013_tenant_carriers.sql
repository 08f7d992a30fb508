-- Which carrier accounts a tenant's calls go through, and when that was said; nothing: the server's choice among all.
ALTER TABLE tenants ADD COLUMN carriers TEXT;
ALTER TABLE tenants ADD COLUMN carriers_at INTEGER;
