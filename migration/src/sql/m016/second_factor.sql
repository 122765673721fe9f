-- The second factor. Its secret is sealed and its codes depend on the time, so the server checks a code and says here
-- which step or which recovery code it was; whether that is still good is decided here, under a lock.

-- Guesses of one person over all their tickets and sessions: an attacker who has the password could have any number of
-- tickets.
CREATE TABLE platform_private.second_factor_tries (
    user_id uuid PRIMARY KEY REFERENCES platform.users (id) ON DELETE CASCADE,
    tries int NOT NULL DEFAULT 1,
    since timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE platform_private.second_factor_tries IS 'Codes tried since the last right one, counted within an hour';

CREATE FUNCTION platform_private.count_second_factor_try(me uuid) RETURNS int
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    counted int;
    began timestamptz;
BEGIN
    INSERT INTO platform_private.second_factor_tries AS t (user_id) VALUES (me)
    ON CONFLICT (user_id) DO UPDATE
       SET tries = CASE WHEN t.since <= now() - interval '1 hour' THEN 1 ELSE t.tries + 1 END,
           since = CASE WHEN t.since <= now() - interval '1 hour' THEN now() ELSE t.since END
    RETURNING t.tries, t.since INTO counted, began;
    IF counted <= 20 THEN
        RETURN 0;
    END IF;
    RETURN greatest(1, ceil(extract(epoch FROM began + interval '1 hour' - now())))::int;
END $$;
COMMENT ON FUNCTION platform_private.count_second_factor_try(uuid)
    IS 'Counts a guess at a person''s second factor before it is looked at; seconds to wait where there were too many, else 0';

-- No grant: only the functions below.
CREATE FUNCTION platform_private.spend_second_factor(me uuid, step bigint, recovery_hash text) RETURNS bool
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE platform.users u
       SET mfa_last_step = coalesce(step, u.mfa_last_step),
           mfa_recovery_hashes = array_remove(u.mfa_recovery_hashes, recovery_hash)
     WHERE u.id = me AND u.mfa_enabled
       AND u.deleted_at IS NULL AND (u.banned_until IS NULL OR u.banned_until <= now())
       AND num_nonnulls(step, recovery_hash) = 1
       AND (step IS NULL OR u.mfa_last_step IS NULL OR step > u.mfa_last_step)
       AND (recovery_hash IS NULL OR recovery_hash = ANY (u.mfa_recovery_hashes));
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    DELETE FROM platform_private.second_factor_tries t WHERE t.user_id = me;
    RETURN true;
END $$;
COMMENT ON FUNCTION platform_private.spend_second_factor(uuid, bigint, text)
    IS 'Takes a code that the server found right, once: a step after the last one, or a recovery code that is left';

CREATE FUNCTION platform_private.own_second_factor(
    OUT email text, OUT password_hash text, OUT enabled bool, OUT secret_sealed text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    SELECT u.email, u.password_hash, u.mfa_enabled, u.mfa_secret_sealed INTO email, password_hash, enabled, secret_sealed
      FROM platform.users u WHERE u.id = platform.current_active_user_id();
END $$;
COMMENT ON FUNCTION platform_private.own_second_factor() IS 'What the server needs to check the caller''s own password and code';

CREATE FUNCTION platform_private.enrol_second_factor(checked_hash text, new_secret_sealed text) RETURNS bool
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE platform.users u SET mfa_secret_sealed = new_secret_sealed, mfa_last_step = NULL
     WHERE u.id = platform.current_active_user_id() AND u.password_hash = checked_hash AND NOT u.mfa_enabled;
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION platform_private.enrol_second_factor(text, text) IS 'Keeps the caller''s secret until a code confirms it';

CREATE FUNCTION platform_private.confirm_second_factor(
    checked_secret_sealed text, step bigint, new_recovery_hashes text[], kept_session uuid) RETURNS bool
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE platform.users u
       SET mfa_enabled = true, mfa_last_step = step, mfa_recovery_hashes = new_recovery_hashes
     WHERE u.id = platform.current_active_user_id() AND NOT u.mfa_enabled
       -- What the server checked the code against; another enrolment may have come in between.
       AND u.mfa_secret_sealed = checked_secret_sealed;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    DELETE FROM platform_private.second_factor_tries t WHERE t.user_id = platform.get_current_user_id();
    -- The others were opened without it.
    PERFORM platform_private.revoke_sessions(kept_session);
    RETURN true;
END $$;
COMMENT ON FUNCTION platform_private.confirm_second_factor(text, bigint, text[], uuid)
    IS 'Switches the caller''s second factor on and ends their other sessions';

CREATE FUNCTION platform_private.disable_second_factor(checked_hash text, step bigint, recovery_hash text) RETURNS bool
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := platform.current_active_user_id();
BEGIN
    IF NOT platform_private.spend_second_factor(me, step, recovery_hash) THEN
        RETURN false;
    END IF;
    UPDATE platform.users u
       SET mfa_enabled = false, mfa_secret_sealed = NULL, mfa_last_step = NULL, mfa_recovery_hashes = NULL
     WHERE u.id = me AND u.password_hash = checked_hash;
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION platform_private.disable_second_factor(text, bigint, text) IS 'Switches the caller''s second factor off';

CREATE FUNCTION platform_private.replace_recovery_codes(
    checked_hash text, step bigint, recovery_hash text, new_recovery_hashes text[]) RETURNS bool
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := platform.current_active_user_id();
BEGIN
    IF NOT platform_private.spend_second_factor(me, step, recovery_hash) THEN
        RETURN false;
    END IF;
    UPDATE platform.users u SET mfa_recovery_hashes = new_recovery_hashes
     WHERE u.id = me AND u.password_hash = checked_hash;
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION platform_private.replace_recovery_codes(text, bigint, text, text[]) IS 'Gives the caller new recovery codes in place of all old ones';

-- The second step of a sign-in.

CREATE FUNCTION platform_private.open_second_factor_ticket(
    me uuid, checked_hash text, ticket_hash text, ends_at timestamptz, client_ip inet, client_agent text, request text)
    RETURNS bool
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO platform_private.one_time_tokens (id, purpose, user_id, token_hash, expires_at)
    SELECT platform_private.uuid_v7(), 'second_factor', u.id, ticket_hash, ends_at
      FROM platform.users u
     WHERE u.id = me AND u.deleted_at IS NULL AND (u.banned_until IS NULL OR u.banned_until <= now())
       AND u.password_hash = checked_hash AND u.mfa_enabled;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    -- Nobody is signed in yet, so the record stands under no user, and names who was asked.
    PERFORM platform_private.record_audit(
        organization_id => NULL, project_id => NULL, event_type => 'user.second_factor_asked', resource_type => 'user',
        resource_id => me, action => 'create', ip_address => client_ip, user_agent => left(client_agent, 500),
        request_id => request);
    RETURN true;
END $$;
COMMENT ON FUNCTION platform_private.open_second_factor_ticket(uuid, text, text, timestamptz, inet, text, text)
    IS 'A ticket to the second step of a sign-in whose password was checked by the server';

CREATE FUNCTION platform_private.try_second_factor_ticket(
    presented_hash text, OUT outcome text, OUT user_id uuid, OUT secret_sealed text, OUT retry_after int)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me uuid;
BEGIN
    outcome := 'refused';
    -- Counted before the code is looked at: fifty guesses at once are five.
    UPDATE platform_private.one_time_tokens t SET attempts = t.attempts + 1
     WHERE t.token_hash = presented_hash AND t.purpose = 'second_factor' AND t.used_at IS NULL
       AND t.expires_at > now() AND t.attempts < 5
    RETURNING t.user_id INTO me;
    IF me IS NULL THEN
        RETURN;
    END IF;
    user_id := me;
    retry_after := platform_private.count_second_factor_try(me);
    IF retry_after > 0 THEN
        outcome := 'limited';
        RETURN;
    END IF;
    SELECT u.mfa_secret_sealed INTO secret_sealed
      FROM platform.users u
     WHERE u.id = me AND u.mfa_enabled
       AND u.deleted_at IS NULL AND (u.banned_until IS NULL OR u.banned_until <= now());
    IF FOUND THEN
        outcome := 'ok';
    END IF;
END $$;
COMMENT ON FUNCTION platform_private.try_second_factor_ticket(text)
    IS 'Uses up one of a ticket''s five guesses; what the server needs to check the code';

CREATE FUNCTION platform_private.record_second_factor_failure(
    me uuid, client_ip inet, client_agent text, request text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- The person's own record, so that they can see it, though it was hardly them.
    PERFORM set_config('app.current_user_id', me::text, true);
    PERFORM platform_private.record_audit(
        organization_id => NULL, project_id => NULL, event_type => 'user.second_factor_failed',
        resource_type => 'user', resource_id => me, action => 'sign_in', severity => 'warning', ip_address => client_ip,
        user_agent => left(client_agent, 500), request_id => request);
END $$;
COMMENT ON FUNCTION platform_private.record_second_factor_failure(uuid, inet, text, text) IS 'Puts a wrong code on record';

CREATE FUNCTION platform_private.complete_sign_in(
    ticket_hash text, step bigint, recovery_hash text, new_id uuid, new_token_hash text, new_refresh_hash text,
    ends_at timestamptz, client_ip inet, client_agent text, request text,
    OUT outcome text, OUT user_id uuid, OUT session_id uuid, OUT organization_id uuid,
    OUT organization_ids uuid[], OUT organization_roles text[], OUT project_ids uuid[], OUT project_roles text[])
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me uuid;
BEGIN
    outcome := 'refused';
    UPDATE platform_private.one_time_tokens t SET used_at = now()
     WHERE t.token_hash = ticket_hash AND t.purpose = 'second_factor' AND t.used_at IS NULL AND t.expires_at > now()
       AND t.attempts > 0
    RETURNING t.user_id INTO me;
    IF me IS NULL OR NOT platform_private.spend_second_factor(me, step, recovery_hash) THEN
        RETURN;
    END IF;
    UPDATE platform.users SET last_sign_in_at = now() WHERE id = me;
    INSERT INTO platform.user_sessions
           (id, user_id, token_hash, refresh_token_hash, expires_at, ip_address, user_agent, last_activity_at)
    VALUES (new_id, me, new_token_hash, new_refresh_hash, ends_at, client_ip, left(client_agent, 500), now());
    PERFORM set_config('app.current_user_id', me::text, true);
    PERFORM set_config('app.current_org_id', '', true);
    PERFORM platform_private.record_audit(
        organization_id => NULL, project_id => NULL, event_type => 'user.signed_in', resource_type => 'session',
        resource_id => new_id, action => 'create',
        metadata => jsonb_build_object('secondFactor', CASE WHEN step IS NULL THEN 'recovery_code' ELSE 'code' END),
        ip_address => client_ip, user_agent => left(client_agent, 500), request_id => request);
    SELECT * INTO outcome, user_id, session_id, organization_id,
                  organization_ids, organization_roles, project_ids, project_roles
      FROM platform_private.memberships_of(new_id, me, NULL);
END $$;
COMMENT ON FUNCTION platform_private.complete_sign_in(
    text, bigint, text, uuid, text, text, timestamptz, inet, text, text)
    IS 'Takes a ticket and the code that the server checked for a session, each once';

-- A ticket says that the password was given. It ends with that password, and with the factor.
CREATE FUNCTION platform_private.end_second_factor_tickets() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE platform_private.one_time_tokens t SET used_at = now()
     WHERE t.user_id = NEW.id AND t.purpose = 'second_factor' AND t.used_at IS NULL;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION platform_private.end_second_factor_tickets() IS 'Ends the tickets of a password or a factor that is no more';
CREATE TRIGGER end_second_factor_tickets AFTER UPDATE OF password_hash, mfa_enabled ON platform.users
    FOR EACH ROW WHEN (OLD.password_hash IS DISTINCT FROM NEW.password_hash OR OLD.mfa_enabled <> NEW.mfa_enabled)
    EXECUTE FUNCTION platform_private.end_second_factor_tickets();

-- None of these is the application role's: some give a password's hash, others take the server's word for a code. The
-- server calls them as the service role, as it does those of 015; so it does this one of 009 from now on.
REVOKE EXECUTE ON FUNCTION
    platform_private.open_session(uuid, uuid, text, text, text, timestamptz, inet, text, text) FROM ogelbase_app;
