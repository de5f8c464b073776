using CtfService.TestSupport;
using CtfService.TestSupport.Deployment;

namespace CtfService.Deploy.Tests.Prometheus;

/// <summary>Checks the configuration, the rules and the tests of the rules with promtool.</summary>
public sealed class PromtoolTests
{
    [PromtoolFact]
    public async Task Configuration_WithItsRules_IsValid()
    {
        var run = await Promtool.Run("check", "config", "prometheus.yml");

        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.Contains("2 rule files found", run.ToString(), StringComparison.Ordinal);
    }

    [PromtoolFact]
    public async Task Rules_OfAllFiles_AreValid()
    {
        var run = await Promtool.Run("check", "rules", "--lint-fatal", "rules/recording.yml", "rules/alerts.yml");

        Assert.True(run.ExitCode == 0, run.ToString());
    }

    [PromtoolFact]
    public async Task Rules_InTheirTests_FireAsExpected()
    {
        var run = await Promtool.Run("test", "rules", "tests/alerts.test.yml");

        Assert.True(run.ExitCode == 0, run.ToString());
    }

    [Fact]
    public void Alerts_OfAllRules_AreTestedFiringAndSilent()
    {
        var alerts = PrometheusRule.All.Where(rule => rule.IsAlert).Select(rule => rule.Name).ToHashSet(StringComparer.Ordinal);
        var cases = YamlFile.Read("deploy", "prometheus", "tests", "alerts.test.yml")["tests"]!.AsArray()
            .SelectMany(test => test!["alert_rule_test"]!.AsArray())
            .ToLookup(test => test!["exp_alerts"]!.AsArray().Count > 0, test => (string)test!["alertname"]!);

        Assert.Equal(alerts, cases[true].ToHashSet(StringComparer.Ordinal));
        Assert.Equal(alerts, cases[false].ToHashSet(StringComparer.Ordinal));
    }

    [Fact]
    public void Alerts_OfAllRules_HaveSeverityAndRunbook()
    {
        var headings = File.ReadLines(RepositoryFolder.File("docs", "operations.md"))
            .Where(line => line.StartsWith('#'))
            .Select(line => line.TrimStart('#', ' ').ToLowerInvariant().Replace(' ', '-'))
            .ToHashSet(StringComparer.Ordinal);

        Assert.All(PrometheusRule.All.Where(rule => rule.IsAlert), alert =>
        {
            Assert.Contains(alert.Severity, (string[])["page", "ticket"]);
            Assert.Equal($"docs/operations.md#{alert.Name.ToLowerInvariant()}", alert.Runbook);
            Assert.Contains(alert.Name.ToLowerInvariant(), headings);
        });
    }
}
