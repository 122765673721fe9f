-- Whose password a token would set: the new one must not be their address.
CREATE FUNCTION platform_private.holder_of_reset(wanted_token_hash text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    RETURN (SELECT u.email FROM platform_private.one_time_tokens t JOIN platform.users u ON u.id = t.user_id
             WHERE t.token_hash = wanted_token_hash AND t.purpose = 'reset_password'
               AND t.used_at IS NULL AND t.expires_at > now()
               AND u.deleted_at IS NULL AND (u.banned_until IS NULL OR u.banned_until <= now()));
COMMENT ON FUNCTION platform_private.holder_of_reset(text) IS 'Address of the account that a token resets; null: none';

-- Ends what an older password opened: sessions, and links that would set yet another one.
CREATE FUNCTION platform_private.end_access(person uuid, kept_session uuid) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE platform.user_sessions SET revoked_at = now()
     WHERE user_id = person AND revoked_at IS NULL AND id IS DISTINCT FROM kept_session;
    UPDATE platform_private.one_time_tokens SET used_at = now()
     WHERE user_id = person AND used_at IS NULL AND purpose <> 'confirm_email';
END;
COMMENT ON FUNCTION platform_private.end_access(uuid, uuid) IS 'Ends all sessions of a person but one, and their tokens';

CREATE FUNCTION platform_private.reset_password(
    wanted_token_hash text, new_hash text, client_ip inet, client_agent text, request text) RETURNS text
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    used platform_private.one_time_tokens;
    person platform.users;
    unproved uuid;
BEGIN
    UPDATE platform_private.one_time_tokens SET used_at = now()
     WHERE token_hash = wanted_token_hash AND purpose = 'reset_password' AND used_at IS NULL AND expires_at > now()
    RETURNING * INTO used;
    SELECT u.id INTO unproved FROM platform.users u WHERE u.id = used.user_id AND u.email_confirmed_at IS NULL;
    UPDATE platform.users u
       SET password_hash = new_hash,
           -- Who read the letter has the mailbox.
           email_confirmed_at = coalesce(
               u.email_confirmed_at, CASE WHEN lower(u.email) = lower(used.email) THEN now() END)
     WHERE u.id = used.user_id AND u.password_hash IS NOT NULL
       AND u.deleted_at IS NULL AND (u.banned_until IS NULL OR u.banned_until <= now())
    RETURNING * INTO person;
    IF person.id IS NOT NULL THEN
        PERFORM platform_private.end_access(person.id, NULL);
        IF person.id = unproved THEN
            -- Until now nobody knew whose account this was: whatever else opens it goes too.
            UPDATE platform.users
               SET mfa_enabled = false, mfa_secret_sealed = NULL, mfa_last_step = NULL, mfa_recovery_hashes = NULL
             WHERE id = person.id;
            UPDATE platform.api_keys SET revoked_at = now() WHERE user_id = person.id AND revoked_at IS NULL;
            PERFORM platform_private.found_first_organization(person.id, client_ip, client_agent, request);
        END IF;
        PERFORM platform_private.record_by(
            person.id, 'user.password_reset', 'user', person.id, 'update', client_ip, client_agent, request);
    END IF;
    RETURN person.email;
END $$;
COMMENT ON FUNCTION platform_private.reset_password(text, text, inet, text, text)
    IS 'Uses a token up, sets the password and ends all sessions; returns the address, null: the token is not good';

-- The hash is what the server checked the present password against: it may have been changed meanwhile.
CREATE FUNCTION platform_private.change_password(me uuid, session uuid, checked_hash text, new_hash text) RETURNS bool
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE platform.users SET password_hash = new_hash
     WHERE id = me AND password_hash = checked_hash AND deleted_at IS NULL;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM platform_private.end_access(me, session);
    RETURN true;
END $$;
COMMENT ON FUNCTION platform_private.change_password(uuid, uuid, text, text)
    IS 'Sets a password and ends all sessions but the one that it was changed in';

-- The same password under the server's present parameters. Nothing may come of it that fails the sign-in.
CREATE FUNCTION platform_private.renew_password_hash(person uuid, checked_hash text, new_hash text) RETURNS bool
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE platform.users SET password_hash = new_hash WHERE id = person AND password_hash = checked_hash;
    RETURN FOUND;
EXCEPTION WHEN OTHERS THEN
    RETURN false;
END $$;
COMMENT ON FUNCTION platform_private.renew_password_hash(uuid, text, text)
    IS 'Replaces the hash of a password that was just checked by one of the same password';
