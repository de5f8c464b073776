namespace CtfService.TestSupport.Deployment;

/// <summary>A recording rule or an alerting rule of deploy/prometheus/rules.</summary>
/// <param name="Name">Name of the recorded series or of the alert.</param>
/// <param name="Severity">Severity of the alert; null for a recording rule.</param>
/// <param name="Runbook">Link of the alert's annotation <c>runbook</c>; null for a recording rule.</param>
public sealed record PrometheusRule(string Name, bool IsAlert, string Expression, string? Severity, string? Runbook)
{
    public static IReadOnlyList<PrometheusRule> All { get; } = [.. Read("recording.yml"), .. Read("alerts.yml")];

    private static IEnumerable<PrometheusRule> Read(string file) =>
        from @group in YamlFile.Read("deploy", "prometheus", "rules", file)["groups"]!.AsArray()
        from rule in @group["rules"]!.AsArray()
        let alert = (string?)rule["alert"]
        let severity = (string?)rule["labels"]?["severity"]
        let runbook = (string?)rule["annotations"]?["runbook"]
        select new PrometheusRule(alert ?? (string)rule["record"]!, alert is not null, (string)rule["expr"]!, severity, runbook);
}
