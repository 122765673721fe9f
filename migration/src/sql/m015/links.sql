-- As with sign_up: where there is no such account the token's key undoes the letter that was written before it.
CREATE FUNCTION platform_private.mail_link(
    wanted_purpose text, wanted_email text, token_id uuid, new_token_hash text, token_ends_at timestamptz,
    letter_id uuid, letter_sealed text, client_ip inet, client_agent text, request text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    account platform.users;
BEGIN
    SELECT u.* INTO account FROM platform.users u
     WHERE lower(u.email) = lower(wanted_email) AND u.deleted_at IS NULL
       AND (u.banned_until IS NULL OR u.banned_until <= now());
    BEGIN
        PERFORM platform_private.enqueue_mail(letter_id, coalesce(account.email, wanted_email), letter_sealed);
        INSERT INTO platform_private.one_time_tokens (id, purpose, user_id, token_hash, email, expires_at)
        VALUES (token_id, wanted_purpose,
                CASE WHEN (CASE wanted_purpose
                               WHEN 'confirm_email' THEN account.email_confirmed_at IS NULL
                               -- Who has no password signs in elsewhere, or waits for the operator to set one.
                               WHEN 'reset_password' THEN account.password_hash IS NOT NULL
                               ELSE false END)
                          -- The letter itself is there already.
                          AND (SELECT count(*) <= 10 FROM platform_private.outbox o
                                WHERE lower(o.recipient) = lower(wanted_email)
                                  AND o.created_at > now() - interval '1 hour')
                     THEN coalesce(account.id, gen_random_uuid()) ELSE gen_random_uuid() END,
                new_token_hash, wanted_email, token_ends_at);
    EXCEPTION WHEN foreign_key_violation THEN
        NULL;
    END;
    PERFORM platform_private.record_audit(
        organization_id => NULL, project_id => NULL,
        event_type => CASE wanted_purpose WHEN 'reset_password' THEN 'user.password_reset_requested'
                                          ELSE 'user.confirmation_requested' END,
        resource_type => 'user', resource_id => account.id, action => 'request',
        ip_address => client_ip, user_agent => client_agent, request_id => request);
END $$;
COMMENT ON FUNCTION platform_private.mail_link(
    text, text, uuid, text, timestamptz, uuid, text, inet, text, text)
    IS 'Mails a token to the account of an address, if that has use for it; the caller does not learn whether';

-- What a person asked for when they signed up; its slug, or null where none was asked for or somebody else has it by now.
-- It is theirs, whoever asks: without what another credential of this request narrowed.
CREATE FUNCTION platform_private.found_first_organization(
    person uuid, client_ip inet, client_agent text, request text) RETURNS text
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wanted platform_private.first_organizations;
    new_id uuid := platform_private.uuid_v7();
    former text[] := ARRAY[
        coalesce(current_setting('app.current_user_id', true), ''),
        coalesce(current_setting('app.current_org_id', true), ''),
        coalesce(current_setting('app.current_api_key_id', true), '')];
BEGIN
    DELETE FROM platform_private.first_organizations WHERE user_id = person RETURNING * INTO wanted;
    IF wanted.user_id IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM set_config('app.current_user_id', person::text, true), set_config('app.current_org_id', '', true),
            set_config('app.current_api_key_id', '', true);
    BEGIN
        PERFORM platform_private.create_organization(new_id, wanted.name, wanted.slug);
        PERFORM platform_private.record_audit(
            organization_id => new_id, project_id => NULL, event_type => 'organization.created',
            resource_type => 'organization', resource_id => new_id, action => 'create',
            metadata => jsonb_build_object('after', jsonb_build_object('name', wanted.name, 'slug', wanted.slug)),
            ip_address => client_ip, user_agent => client_agent, request_id => request);
    EXCEPTION WHEN unique_violation THEN
        wanted.slug := NULL;
    END;
    PERFORM set_config('app.current_user_id', former[1], true), set_config('app.current_org_id', former[2], true),
            set_config('app.current_api_key_id', former[3], true);
    RETURN wanted.slug;
END $$;
COMMENT ON FUNCTION platform_private.found_first_organization(uuid, inet, text, text)
    IS 'Founds the organization that a person asked for when they signed up';

-- The address must still be the one that the letter went to.
CREATE FUNCTION platform_private.confirm_email(
    wanted_token_hash text, client_ip inet, client_agent text, request text, OUT person uuid, OUT founded text)
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    used platform_private.one_time_tokens;
BEGIN
    UPDATE platform_private.one_time_tokens SET used_at = now()
     WHERE token_hash = wanted_token_hash AND purpose = 'confirm_email' AND used_at IS NULL AND expires_at > now()
    RETURNING * INTO used;
    UPDATE platform.users u SET email_confirmed_at = coalesce(u.email_confirmed_at, now())
     WHERE u.id = used.user_id AND lower(u.email) = lower(used.email)
       AND u.deleted_at IS NULL AND (u.banned_until IS NULL OR u.banned_until <= now())
    RETURNING u.id INTO person;
    IF person IS NOT NULL THEN
        UPDATE platform_private.one_time_tokens SET used_at = now()
         WHERE user_id = person AND purpose = 'confirm_email' AND used_at IS NULL;
        PERFORM platform_private.record_by(
            person, 'user.email_confirmed', 'user', person, 'update', client_ip, client_agent, request);
        founded := platform_private.found_first_organization(person, client_ip, client_agent, request);
    END IF;
END $$;
COMMENT ON FUNCTION platform_private.confirm_email(text, inet, text, text)
    IS 'Uses a token up and confirms the address that it was mailed to; null: the token is not good';
