DROP TABLE platform.credentials;
DROP TABLE platform.projects;
DROP TABLE platform.organizations;

DROP FUNCTION platform_private.uuid_v7();
DROP FUNCTION platform.set_updated_at();
DROP FUNCTION
    platform.is_clean_text(text, int), platform.is_email(text), platform.is_url(text),
    platform.is_sealed(text), platform.is_digest(text);

ALTER DEFAULT PRIVILEGES FOR ROLE ogelbase_service GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
