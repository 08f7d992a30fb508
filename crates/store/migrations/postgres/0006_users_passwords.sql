-- How users sign in, and what keys are good for. Of two passwords the later one counts: that is the one thing of decision
-- data that changes.

-- What a user signs in as, in small letters; nobody else who is a user has it.
ALTER TABLE users ADD COLUMN login TEXT COLLATE "C" CHECK (login <> '');
-- The password's slow hash as a PHC string, and since when it is that.
ALTER TABLE users ADD COLUMN password TEXT COLLATE "C";
ALTER TABLE users ADD COLUMN password_at BIGINT CHECK ((password_at IS NULL) = (password IS NULL));

CREATE UNIQUE INDEX users_login ON users (login) WHERE revoked_at IS NULL;

-- Words with a space between; of what its role may, a key does this.
ALTER TABLE api_keys ADD COLUMN scopes TEXT COLLATE "C" NOT NULL DEFAULT 'read calls campaigns admin';
