-- Functions of this step are granted to nobody: the server calls them under the service role. Whoever may only work as
-- the application role can neither look a password's hash up nor make a token, whatever SQL they manage to send.
REVOKE EXECUTE ON FUNCTION platform_private.sign_in_lookup(text) FROM ogelbase_app;

-- Shared by all replicas. An attempt is counted before the password is checked, so that many at once get no further
-- than one after the other; it is kept apart from the failures, so that a lawful client may sign in many times at once.
CREATE TABLE platform_private.sign_in_failures (
    subject text NOT NULL CHECK (subject IN ('account', 'address', 'letters')),
    key text NOT NULL CHECK (platform.is_digest(key)),
    failures int NOT NULL DEFAULT 0 CHECK (failures >= 0),
    pending int NOT NULL DEFAULT 0 CHECK (pending >= 0),
    last_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    blocked_until timestamptz NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (subject, key)
);
CREATE INDEX sign_in_failures_last_at_idx ON platform_private.sign_in_failures (last_at);
COMMENT ON TABLE platform_private.sign_in_failures
    IS 'Failed sign-ins by account and by client address, and letters that were asked for by client address';

-- The key of an account is that of its address, known or not. lower() is that of the lookup: two spellings of one
-- account must not have two counts.
CREATE FUNCTION platform_private.account_key(email text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    RETURN encode(sha256(convert_to(lower(email), 'UTF8')), 'hex');
COMMENT ON FUNCTION platform_private.account_key(text) IS 'What failures of this address are counted by';

-- Of IPv6 the network: each customer has 2^64 addresses at least.
CREATE FUNCTION platform_private.client_key(client inet) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    RETURN encode(sha256(convert_to(
        CASE family(client) WHEN 6 THEN network(set_masklen(client, 64))::text ELSE host(client) END, 'UTF8')), 'hex');
COMMENT ON FUNCTION platform_private.client_key(inet) IS 'What failures from this address are counted by';

CREATE FUNCTION platform_private.take_turn(of_subject text, of_key text, free int) RETURNS int
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    seen platform_private.sign_in_failures;
    moment timestamptz := clock_timestamp();
BEGIN
    IF free = 0 OR of_key IS NULL THEN
        RETURN 0;
    END IF;
    -- Who is to wait is told so without a write.
    SELECT * INTO seen FROM platform_private.sign_in_failures WHERE subject = of_subject AND key = of_key;
    IF seen.blocked_until > moment THEN
        RETURN ceil(extract(epoch FROM seen.blocked_until - moment));
    END IF;
    -- Makes the row, or waits for it.
    INSERT INTO platform_private.sign_in_failures AS f (subject, key) VALUES (of_subject, of_key)
    ON CONFLICT (subject, key) DO UPDATE SET last_at = f.last_at
    RETURNING * INTO seen;
    moment := clock_timestamp();
    IF seen.blocked_until > moment THEN
        RETURN ceil(extract(epoch FROM seen.blocked_until - moment));
    END IF;
    -- What has not ended after so long never will: its server died.
    IF seen.last_at < moment - interval '2 minutes' THEN
        seen.pending := 0;
    END IF;
    IF seen.last_at < moment - (CASE of_subject WHEN 'account' THEN interval '1 day' ELSE interval '1 hour' END) THEN
        seen.failures := 0;
    END IF;
    -- Once it is slowed down, one at a time.
    IF seen.pending >= (CASE WHEN seen.failures < free THEN free - seen.failures + 32 ELSE 1 END) THEN
        RETURN 1;
    END IF;
    UPDATE platform_private.sign_in_failures
       SET pending = seen.pending + 1, failures = seen.failures, last_at = moment
     WHERE subject = of_subject AND key = of_key;
    RETURN 0;
END $$;
COMMENT ON FUNCTION platform_private.take_turn(text, text, int) IS 'Seconds to wait; 0: counted as being tried';

CREATE FUNCTION platform_private.give_turn_back(of_subject text, of_key text) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE platform_private.sign_in_failures SET pending = greatest(pending - 1, 0)
     WHERE subject = of_subject AND key = of_key;
END;
COMMENT ON FUNCTION platform_private.give_turn_back(text, text) IS 'Ends an attempt that was not a failure';

-- Beyond the free ones each failure doubles the wait: 1, 2, 4 seconds, and so on up to the longest.
CREATE FUNCTION platform_private.count_failure(of_subject text, of_key text, free int, longest int) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    failed int;
BEGIN
    IF free = 0 OR of_key IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO platform_private.sign_in_failures AS f (subject, key, failures) VALUES (of_subject, of_key, 1)
    ON CONFLICT (subject, key) DO UPDATE
       SET failures = f.failures + 1, pending = greatest(f.pending - 1, 0), last_at = clock_timestamp()
    RETURNING f.failures INTO failed;
    IF failed >= free THEN
        UPDATE platform_private.sign_in_failures
           SET blocked_until = clock_timestamp() + least(longest, 2 ^ least(failed - free, 30)) * interval '1 second'
         WHERE subject = of_subject AND key = of_key;
    END IF;
END $$;
COMMENT ON FUNCTION platform_private.count_failure(text, text, int, int) IS 'Counts a failure and sets the wait after it';

CREATE FUNCTION platform_private.begin_sign_in(wanted_email text, client inet, free int, free_of_address int) RETURNS int
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    account text := platform_private.account_key(wanted_email);
    wait int := platform_private.take_turn('account', account, free);
BEGIN
    -- Whoever comes next sees it as soon as it is committed; that a crash forgets the last of them is no harm.
    PERFORM set_config('synchronous_commit', 'off', true);
    IF wait > 0 THEN
        RETURN wait;
    END IF;
    wait := platform_private.take_turn('address', platform_private.client_key(client), free_of_address);
    IF wait > 0 THEN
        PERFORM platform_private.give_turn_back('account', account);
    END IF;
    RETURN wait;
END $$;
COMMENT ON FUNCTION platform_private.begin_sign_in(text, inet, int, int)
    IS 'Seconds to wait before this password is checked; 0: now, and end_sign_in must follow';

CREATE FUNCTION platform_private.end_sign_in(
    wanted_email text, client inet, succeeded bool, free int, free_of_address int, longest int) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    account text := platform_private.account_key(wanted_email);
    address text := platform_private.client_key(client);
BEGIN
    IF succeeded THEN
        PERFORM set_config('synchronous_commit', 'off', true);
        DELETE FROM platform_private.sign_in_failures WHERE subject = 'account' AND key = account;
        PERFORM platform_private.give_turn_back('address', address);
    ELSE
        PERFORM platform_private.count_failure('account', account, free, longest);
        PERFORM platform_private.count_failure('address', address, free_of_address, longest);
    END IF;
END $$;
COMMENT ON FUNCTION platform_private.end_sign_in(text, inet, bool, int, int, int)
    IS 'What came of the check: a success clears the account''s count';

CREATE FUNCTION platform_private.ask_for_letter(client inet, free int, longest int) RETURNS int
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    address text := platform_private.client_key(client);
    wait int := platform_private.take_turn('letters', address, free);
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    IF wait = 0 THEN
        PERFORM platform_private.count_failure('letters', address, free, longest);
    END IF;
    RETURN wait;
END $$;
COMMENT ON FUNCTION platform_private.ask_for_letter(inet, int, int)
    IS 'Seconds to wait before this client may have another letter written; 0: now, and it is counted';

CREATE FUNCTION platform_private.forget_sign_in_failures() RETURNS bigint
    LANGUAGE sql SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH gone AS (
        DELETE FROM platform_private.sign_in_failures WHERE last_at < now() - interval '1 day' RETURNING 1)
    SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION platform_private.forget_sign_in_failures() IS 'Deletes counts that no longer count, returns how many';
