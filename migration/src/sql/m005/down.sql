DROP FUNCTION platform_private.record_audit(
    uuid, uuid, text, text, uuid, text, jsonb, text, inet, text, text, uuid, text);
DROP TABLE platform.audit_logs;
DROP FUNCTION platform.refuse_audit_change();
