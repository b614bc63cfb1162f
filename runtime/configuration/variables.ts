export interface Variable {
  name: string;
  meaning: string;
  /** Never shown; NAME_FILE names a file that holds it. */
  isSecret?: boolean;
}

const secret = (name: string, meaning: string): Variable => ({ name, meaning, isSecret: true });
const plain = (name: string, meaning: string): Variable => ({ name, meaning });

/** What a person may set in the environment, by its concern. What one process of ours sets for another stands in none of them. */
export const variables: readonly Variable[] = [
  plain('SAPPHIRE_CONFIG', 'another file than trading.yml'),
  plain('SAPPHIRE_STACK', 'another file than temporal-dev.yml'),
  plain('SAPPHIRE_DATA', 'another data folder than .sapphire'),
  plain('SAPPHIRE_CACHE', 'another folder for what can be fetched again than .cache'),
  plain('SAPPHIRE_BACKUPS', 'where backups are put, another disk at best'),
  plain('SAPPHIRE_MODELS', 'where weights that were trained here are kept'),
  plain('SAPPHIRE_PORT_OFFSET', 'by how much every port lies above what the files say'),
  plain('SAPPHIRE_BOOKS', 'queue: a process of cycles that is started alone asks for the books (docs/processes.md)'),
  plain('SAPPHIRE_PYTHON', 'the Python with an engine in it, for a worker that is started alone'),
  plain('SAPPHIRE_PROJECT_URL', 'where alerts find the runbooks'),
  plain('NO_COLOR', 'no colours'),
  secret('SAPPHIRE_JOURNAL_URL', 'the journal on PostgreSQL'),
  secret('SAPPHIRE_EXCHANGE_API_KEY', 'the exchange, in live mode'),
  secret('SAPPHIRE_EXCHANGE_SECRET', 'the same'),
  secret('SAPPHIRE_PAPER_API_KEY', 'the paper account, made at the first start'),
  secret('SAPPHIRE_PAPER_SECRET', 'the same'),
  secret('SAPPHIRE_PAPER_ADMIN_TOKEN', 'the paper exchange’s administration, made at the first start'),
  secret('SAPPHIRE_COORDINATOR_TOKEN', 'the MCP coordinator’s operators, made at the first start'),
  secret('SAPPHIRE_API_TOKEN', 'the HTTP API, made at the first start'),
  secret('SAPPHIRE_WEB_UI_TOKEN', 'Temporal’s Web UI in live mode, made at the first start'),
  secret('SAPPHIRE_GUARD_SECRET', 'by which workers know this installation’s clients, made at the first start'),
  secret('SAPPHIRE_FREQTRADE_ENGINE_TOKEN', 'the Freqtrade beside the stack, made at the first start'),
  secret('SAPPHIRE_PAYLOAD_KEYS', 'encrypt what Temporal keeps (docs/security.md)'),
  secret('DEEPSEEK_API_KEY', 'the agent deepseek'),
  secret('DASHSCOPE_API_KEY', 'the agent qwen'),
  secret('FINGPT_API_KEY', 'the server of fingpt'),
  secret('FINGPT_NEWS_FEEDS', 'feeds whose addresses hold a key, with blanks between them'),
  secret('FREQTRADE_PASSWORD', 'a Freqtrade of one’s own'),
  secret('HUMMINGBOT_API_PASSWORD', 'a hummingbot-api of one’s own'),
  plain('TEMPORAL_ADDRESS', 'another Temporal server than the one beside the stack, HOST:PORT'),
  plain('TEMPORAL_NAMESPACE', 'its namespace'),
  secret('TEMPORAL_API_KEY', 'of Temporal Cloud'),
  plain('TEMPORAL_TLS', 'true or false, where the address alone does not say'),
  plain('TEMPORAL_TLS_CLIENT_CERT_PATH', 'certificate by which it knows us'),
  plain('TEMPORAL_TLS_CLIENT_KEY_PATH', 'its key'),
  plain('TEMPORAL_TLS_SERVER_CA_CERT_PATH', 'by whom its own certificate is signed'),
  plain('TEMPORAL_TLS_SERVER_NAME', 'the name in that certificate'),
  plain('TEMPORAL_DEPLOYMENT_NAME', 'whose versions the workers are'),
  plain('GOOGLE_APPLICATION_CREDENTIALS', 'file of the key for BigQuery'),
  secret('SAPPHIRE_ALERT_WEBHOOK_URL', 'who is alerted: any web hook'),
  secret('SAPPHIRE_ALERT_SLACK_URL', 'a channel of Slack'),
  secret('SAPPHIRE_ALERT_PAGERDUTY_KEY', 'PagerDuty'),
  secret('SAPPHIRE_ALERT_PAGERDUTY_ESCALATION_KEY', 'PagerDuty, for what nobody acknowledged'),
  secret('SAPPHIRE_ALERT_HEARTBEAT_URL', 'who notices that nobody alerts any more'),
  plain('SAPPHIRE_ALERT_EMAIL_TO', 'who is alerted by mail'),
  plain('SAPPHIRE_ALERT_EMAIL_FROM', 'from whom'),
  plain('SAPPHIRE_ALERT_EMAIL_SMARTHOST', 'by which server, HOST:PORT'),
  plain('SAPPHIRE_ALERT_EMAIL_USERNAME', 'who signs in there'),
  secret('SAPPHIRE_ALERT_EMAIL_PASSWORD', 'the same'),
  plain('OTEL_EXPORTER_OTLP_ENDPOINT', 'where traces go'),
  plain('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'the same, for traces alone'),
  plain('OTEL_TRACES_SAMPLER', 'which of them'),
  plain('OTEL_TRACES_SAMPLER_ARG', 'the same'),
];
