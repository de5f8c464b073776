namespace CtfService.TestSupport.Deployment;

/// <summary>A rule of deploy/prometheus/rules: one that records, or one that alerts.</summary>
/// <param name="Name">Of the recorded series or of the alert.</param>
/// <param name="Severity">Null for a rule that records.</param>
/// <param name="Runbook">Where the alert's annotation says to read on; null for a rule that records.</param>
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
