-- Letters of accounts that one mailbox gets within an hour; what is asked for beyond them is answered as always.
CREATE INDEX outbox_recipient_idx ON platform_private.outbox (lower(recipient), created_at);

CREATE FUNCTION platform_private.mailbox_is_full(wanted_email text) RETURNS bool
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    RETURN (SELECT count(*) >= 10 FROM platform_private.outbox o
             WHERE lower(o.recipient) = lower(wanted_email) AND o.created_at > now() - interval '1 hour');
COMMENT ON FUNCTION platform_private.mailbox_is_full(text) IS 'Whether an address has had its letters of this hour';

-- A record of what a link of a mail did: its holder is the account's person, though nobody is signed in.
CREATE FUNCTION platform_private.record_by(
    person uuid, event_type text, resource_type text, resource_id uuid, action text,
    client_ip inet, client_agent text, request text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    previous text := coalesce(current_setting('app.current_user_id', true), '');
BEGIN
    PERFORM set_config('app.current_user_id', person::text, true);
    PERFORM platform_private.record_audit(
        organization_id => NULL, project_id => NULL, event_type => $2, resource_type => $3, resource_id => $4,
        action => $5, ip_address => client_ip, user_agent => client_agent, request_id => request);
    PERFORM set_config('app.current_user_id', previous, true);
END $$;
COMMENT ON FUNCTION platform_private.record_by(uuid, text, text, uuid, text, inet, text, text)
    IS 'Appends an audit record in a person''s name';

-- What somebody who signs up wants to found. It is founded when their address is confirmed, not before: a slug that is
-- taken from then on would tell whether the address had an account.
CREATE TABLE platform_private.first_organizations (
    user_id uuid PRIMARY KEY REFERENCES platform.users (id) ON DELETE CASCADE,
    name text NOT NULL CHECK (platform.is_clean_text(name, 120)),
    slug text NOT NULL CHECK (slug ~ '^[a-z0-9-]{3,40}$')
);
COMMENT ON TABLE platform_private.first_organizations IS 'Organizations that are founded when their founder''s address is confirmed';

-- For an address that has an account the same rows are written and undone, and its letter is another one: whoever asks
-- learns from neither the answer nor its time which it was.
CREATE FUNCTION platform_private.sign_up(
    new_id uuid, new_email text, new_hash text, new_username text, new_first_name text, new_last_name text,
    token_id uuid, new_token_hash text, token_ends_at timestamptz,
    welcome_id uuid, welcome_sealed text, known_id uuid, known_sealed text, organization_name text,
    organization_slug text, client_ip inet, client_agent text, request text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    known platform.users;
    created bool := false;
BEGIN
    SELECT u.* INTO known FROM platform.users u WHERE lower(u.email) = lower(new_email) AND u.deleted_at IS NULL;
    BEGIN
        INSERT INTO platform.users (id, email, password_hash, username, first_name, last_name)
        VALUES (new_id, CASE WHEN known.id IS NULL THEN new_email ELSE new_id || '@undone.invalid' END, new_hash,
                new_username, new_first_name, new_last_name)
        ON CONFLICT (lower(email)) WHERE deleted_at IS NULL DO NOTHING;
        -- Another sign-up was faster: then there is no such user, and the token's key undoes this one.
        INSERT INTO platform_private.one_time_tokens (id, purpose, user_id, token_hash, email, expires_at)
        VALUES (token_id, 'confirm_email', new_id, new_token_hash, new_email, token_ends_at);
        IF organization_slug IS NOT NULL THEN
            INSERT INTO platform_private.first_organizations (user_id, name, slug)
            VALUES (new_id, organization_name, organization_slug);
        END IF;
        IF known.id IS NOT NULL THEN
            RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation', MESSAGE = 'the address has an account';
        END IF;
        created := true;
    EXCEPTION WHEN foreign_key_violation THEN
        NULL;
    END;
    IF NOT platform_private.mailbox_is_full(new_email) THEN
        PERFORM platform_private.enqueue_mail(
            -- Two spellings that count as one may still be two mailboxes: the account's is the one to write to.
            CASE WHEN created THEN welcome_id ELSE known_id END, coalesce(known.email, new_email),
            CASE WHEN created THEN welcome_sealed ELSE known_sealed END);
    END IF;
    PERFORM platform_private.record_audit(
        organization_id => NULL, project_id => NULL,
        event_type => CASE WHEN created THEN 'user.signed_up' ELSE 'user.sign_up_repeated' END, resource_type => 'user',
        resource_id => CASE WHEN created THEN new_id ELSE known.id END, action => 'create',
        severity => CASE WHEN created THEN 'info' ELSE 'warning' END,
        ip_address => client_ip, user_agent => client_agent, request_id => request);
END $$;
COMMENT ON FUNCTION platform_private.sign_up(
    uuid, text, text, text, text, text, uuid, text, timestamptz, uuid, text, uuid, text, text, text, inet, text, text)
    IS 'Makes an account, or tells the one that the address has; the caller does not learn which';
