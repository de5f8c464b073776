using System.Text.Json;
using CtfService.Model.Bundles;
using CtfService.Model.TestSupport;

namespace CtfService.Cli.Tests.Commands.Bundles;

public sealed class UsualLabelsCommandTests
{
    [Fact]
    public async Task UsualLabels_Bundle_GetsTheFileAndKeepsItsHash()
    {
        using var tiny = new TinyBundle();
        var before = BundleReader.Open(tiny.Directory);

        var run = await CommandRun.Of("usual-labels", "--bundle", tiny.Directory, "--images", "2", "--device", "cpu");

        Assert.True(run.ExitCode == 0, run.Error);
        var after = BundleReader.Open(tiny.Directory);
        Assert.Contains(after.Manifest.Files, file => file.Name == BundleFiles.UsualLabels);
        Assert.Equal(after.Hash, JsonDocument.Parse(run.Output).RootElement.GetProperty("hash").GetString());
        Assert.Equal(before.Hash, after.Hash);
    }

    [Fact]
    public async Task UsualLabels_NoBundle_FailsBeforeTheWork()
    {
        var run = await CommandRun.Of("usual-labels", "--bundle", "no-such-folder");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("no-such-folder: the folder does not exist", run.Error, StringComparison.Ordinal);
    }
}
