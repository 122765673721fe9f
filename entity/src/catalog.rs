//! Every column of every entity, for the test that compares the entities with the database.

use sea_orm::{ColumnTrait, ColumnType, EntityTrait, IdenStatic, Iterable};

/// A column as its entity declares it.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its table, in schema `platform`.
    pub table: &'static str,
    /// Its name in the database.
    pub name: &'static str,
    /// The SQL type that its values are read from and written as.
    pub sql_type: ColumnType,
    /// Whether it may be null.
    pub nullable: bool,
    /// Whether it is kept from the application role, see [`HIDDEN`].
    pub hidden: bool,
}

/// The columns, as table and name, that the application role holds no SELECT on; `Safe` of that table leaves them out.
pub const HIDDEN: [(&str, &str); 14] = [
    ("api_keys", "key_hash"),
    ("credentials", "anon_key_sealed"),
    ("credentials", "jwt_secret_sealed"),
    ("credentials", "service_role_key_sealed"),
    ("databases", "connection_string_sealed"),
    ("organization_invitations", "token_hash"),
    ("projects", "database_password_sealed"),
    ("user_sessions", "previous_refresh_hash"),
    ("user_sessions", "refresh_token_hash"),
    ("user_sessions", "token_hash"),
    ("users", "mfa_last_step"),
    ("users", "mfa_recovery_hashes"),
    ("users", "mfa_secret_sealed"),
    ("users", "password_hash"),
];

/// All columns of all entities, table by table, in the order of the models' fields.
pub fn columns() -> Vec<Column> {
    macro_rules! of {
        ($($table:ident),+ $(,)?) => { [$(of_table::<crate::$table::Entity>()),+].concat() };
    }
    of![
        addon_catalog,
        api_keys,
        audit_logs,
        billing_plans,
        compute_config,
        credentials,
        credits,
        customer_profiles,
        database_connection_logs,
        database_metrics,
        databases,
        disk_config,
        feature_flags,
        invoices,
        organization_feature_flags,
        organization_invitations,
        organization_members,
        organizations,
        payment_methods,
        project_addons,
        project_members,
        project_metrics,
        projects,
        subscriptions,
        tax_ids,
        usage_metrics,
        user_sessions,
        users,
    ]
}

fn of_table<E: EntityTrait>() -> Vec<Column> {
    let table = E::default().table_name();
    E::Column::iter()
        .map(|column| {
            let definition = column.def();
            Column {
                table,
                name: column.as_str(),
                sql_type: definition.get_column_type().clone(),
                nullable: definition.is_null(),
                hidden: HIDDEN.contains(&(table, column.as_str())),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use sea_orm::{ActiveEnum, DbBackend, PartialModelTrait};
    use serde::Serialize;
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_each_table_once() {
        let mut tables: Vec<_> = columns().iter().map(|column| column.table).collect();
        tables.dedup();
        assert_eq!(tables.len(), 28);
        assert!(tables.is_sorted(), "{tables:?}");
    }

    #[test]
    fn safe_models_read_all_but_the_hidden_columns() {
        fn reads<E: EntityTrait, Safe: PartialModelTrait>() -> usize {
            let sql = E::find().into_partial_model::<Safe>().into_statement(DbBackend::Postgres).sql;
            let columns = of_table::<E>();
            for column in &columns {
                let selected = sql.contains(&format!(r#" AS "{}""#, column.name));
                assert_eq!(selected, !column.hidden, "{}.{}", column.table, column.name);
            }
            columns.iter().filter(|column| column.hidden).count()
        }
        macro_rules! of {
            ($($table:ident),+ $(,)?) => { 0 $(+ reads::<crate::$table::Entity, crate::$table::Safe>())+ };
        }
        let hidden = of![api_keys, credentials, databases, organization_invitations, projects, user_sessions, users];
        assert_eq!(hidden, HIDDEN.len(), "a hidden column is misspelt, or its table has no Safe");
    }

    #[test]
    fn enumerations_serialize_as_they_are_stored() {
        fn agrees<E: ActiveEnum<Value = String> + Iterable + Serialize + Debug>() {
            for variant in E::iter() {
                assert_eq!(json!(variant), json!(variant.to_value()), "{variant:?}");
            }
        }
        agrees::<crate::addon_catalog::AddonInterval>();
        agrees::<crate::audit_logs::AuditSeverity>();
        agrees::<crate::billing_plans::PlanInterval>();
        agrees::<crate::compute_config::InstanceSize>();
        agrees::<crate::database_connection_logs::ConnectionEvent>();
        agrees::<crate::databases::DatabaseStatus>();
        agrees::<crate::databases::DatabaseType>();
        agrees::<crate::disk_config::DiskType>();
        agrees::<crate::invoices::InvoiceStatus>();
        agrees::<crate::organization_members::OrganizationRole>();
        agrees::<crate::payment_methods::PaymentMethodType>();
        agrees::<crate::project_addons::AddonStatus>();
        agrees::<crate::project_members::ProjectRole>();
        agrees::<crate::projects::ProjectStatus>();
        agrees::<crate::subscriptions::SubscriptionStatus>();
        agrees::<crate::tax_ids::TaxIdStatus>();
    }
}
