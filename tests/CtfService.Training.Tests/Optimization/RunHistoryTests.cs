using System.Text.Json.Nodes;
using CtfService.TestSupport;
using CtfService.Training.Optimization;
using CtfService.Training.Parts;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Optimization;

public sealed class RunHistoryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _notes = [];

    private TrainingOptions Options => new() { RunDirectory = _folder.Root, Steps = 7, MadeFrom = PartRecord.Of(PartRecord.Data, "cats") };

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Add_NewRun_RecordsProgramDeviceAndSettings()
    {
        RunHistory.Add(Options, 0, _notes.Add);

        var start = Assert.Single(Starts())!;
        Assert.Equal("cpu", (string?)start["device"]);
        Assert.Equal("bfloat16", (string?)start["dtype"]);
        Assert.Equal(7, (int?)start["settings"]!["steps"]);
        Assert.Equal("cats", (string?)start["made_from"]!["data"]);
        Assert.False(string.IsNullOrEmpty((string?)start["made_from"]!["program"]));
        Assert.Empty(_notes);
    }

    [Fact]
    public void Add_ResumedOnAnotherDevice_AddsAStartAndSaysThatItRoundsDifferently()
    {
        RunHistory.Add(Options, 0, _notes.Add);

        RunHistory.Add(Options with { Device = META }, 4, _notes.Add);

        Assert.Equal([0, 4], Starts().Select(start => (int)start!["finished_steps"]!));
        Assert.Contains("ran on cpu, the next ones run on meta", Assert.Single(_notes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"starts\":")]
    [InlineData("[]")]
    [InlineData("{\"starts\":3}")]
    public void Add_DamagedFile_StartsAnew(string text)
    {
        File.WriteAllText(_folder.File("run.json"), text);

        RunHistory.Add(Options, 4, _notes.Add);

        Assert.Single(Starts());
    }

    private JsonArray Starts() => JsonNode.Parse(File.ReadAllText(_folder.File("run.json")))!["starts"]!.AsArray();
}
