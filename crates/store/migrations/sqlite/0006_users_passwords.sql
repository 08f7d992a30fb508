-- How users sign in, and what keys are good for. Of two passwords the later one counts: that is the one thing of decision
-- data that changes.

-- What a user signs in as, in small letters; nobody else who is a user has it.
ALTER TABLE users ADD COLUMN login TEXT CHECK (login <> '');
-- The password's slow hash as a PHC string, and since when it is that.
ALTER TABLE users ADD COLUMN password TEXT;
ALTER TABLE users ADD COLUMN password_at INTEGER CHECK ((password_at IS NULL) = (password IS NULL));

CREATE UNIQUE INDEX users_login ON users (login) WHERE revoked_at IS NULL;

-- Words with a space between; of what its role may, a key does this.
ALTER TABLE api_keys ADD COLUMN scopes TEXT NOT NULL DEFAULT 'read calls campaigns admin';
