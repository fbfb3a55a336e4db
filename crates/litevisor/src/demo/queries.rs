//! Queries to paste once the demo is served: one for each thing that SQL over documents is for.

/// A query with what it shows.
#[derive(Clone, Copy, Debug)]
pub struct DemoQuery {
    /// What it shows.
    pub title: &'static str,
    /// Whose data.
    pub tenant: &'static str,
    /// The SQL. Holds nothing that a shell would change within double quotes.
    pub sql: &'static str,
}

impl DemoQuery {
    /// The query as a command to paste, against a server at `base` such as `http://127.0.0.1:8080`.
    pub fn curl(&self, base: &str) -> String {
        format!(
            "curl -sSG '{base}/v1/query?tenant={}&format=csv' --data-urlencode \\\n  \"sql={}\"",
            self.tenant, self.sql
        )
    }
}

/// The five that the demo prints.
pub const QUERIES: [DemoQuery; 5] = [
    DemoQuery {
        title: "Window function: whose monthly pages grew most",
        tenant: "northgate-clinics",
        sql: "SELECT d.hostname, m.month, m.pages, \
              m.pages - lag(m.pages) OVER (PARTITION BY m.device_id ORDER BY m.month) AS growth \
              FROM (SELECT device_id, substr(read_at, 1, 7) AS month, \
              max(CAST(mono AS INT)) - min(CAST(mono AS INT)) AS pages FROM meter_reads GROUP BY 1, 2) AS m \
              JOIN devices AS d ON d.id = m.device_id ORDER BY growth DESC LIMIT 5",
    },
    DemoQuery {
        title: "CTE: devices that fell silent three weeks before the others",
        tenant: "stadtwerke-ilmtal",
        sql: "WITH latest AS (SELECT device_id, max(read_at) AS read_at FROM meter_reads \
              GROUP BY device_id) \
              SELECT s.name AS site, d.hostname, m.maker, latest.read_at AS last_seen FROM latest \
              JOIN devices AS d ON d.id = latest.device_id JOIN sites AS s ON s.id = d.site_id \
              JOIN device_models AS m ON m.id = d.model_id WHERE latest.read_at < \
              (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', max(read_at), '-21 days') FROM latest) \
              ORDER BY last_seen LIMIT 10",
    },
    DemoQuery {
        title: "JSON: tags of devices, and the states that devices with each are in",
        tenant: "harbor-health",
        sql: "SELECT tag.value AS tag, count(*) AS devices, \
              json_group_array(DISTINCT d.status) AS states \
              FROM devices AS d, json_each(d.tags) AS tag GROUP BY 1 ORDER BY 2 DESC",
    },
    DemoQuery {
        title: "Date arithmetic: hours until an alert is cleared, in the last 90 days of data",
        tenant: "lindqvist-logistics",
        sql: "SELECT severity, count(*) AS alerts, \
              round(24 * avg(julianday(cleared_at) - julianday(raised_at)), 1) AS hours \
              FROM alerts WHERE cleared_at IS NOT NULL AND julianday(raised_at) > \
              (SELECT julianday(max(raised_at)) - 90 FROM alerts) GROUP BY 1 ORDER BY 3 DESC",
    },
    DemoQuery {
        title: "What if: retire what is older than four years (nothing is written back)",
        tenant: "van-houten-notarissen",
        sql: "UPDATE devices SET status = 'retired' WHERE installed_at < '2022-07-01'; \
              SELECT status, count(*) AS devices, sum(purchase_price_cents) / 100.0 AS paid \
              FROM devices GROUP BY status ORDER BY devices DESC",
    },
];
