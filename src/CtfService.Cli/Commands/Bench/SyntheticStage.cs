using System.Text.Json;
using CtfService.Model.Checkpoints;
using CtfService.Model.Clusters;
using CtfService.Model.Tokenizer;
using CtfService.Training.Parts;
using CtfService.Training.Planning;
using CtfService.Training.Tokens;
using CtfService.Training.Transformer;
using static TorchSharp.torch;

namespace CtfService.Cli.Commands.Bench;

/// <summary>Random tokens of the shape of a data set, with a tokenizer and a cluster map for them, in a folder of its own that is deleted at the end.</summary>
internal sealed class SyntheticStage : IDisposable
{
    private const int Rows = 2048;

    private readonly string _folder = Directory.CreateTempSubdirectory("ctf-bench-").FullName;
    private readonly TokenSet _tokens;

    /// <param name="data">Grid, codewords, clusters and classes.</param>
    public SyntheticStage(PlannedData data, Device device)
    {
        manual_seed(0);
        var path = Path.Combine(_folder, "tokenizer.safetensors");
        using var frozen = no_grad();
        using (var drawn = new VqTokenizer(Tokenizer(data))) // on the CPU, so that all devices have the same
        using (var codewords = drawn.Quantizer.Codewords())
        {
            Map = ClusterMap.FromAssignments([.. Enumerable.Range(0, data.Codewords).Select(token => token % data.Clusters)], codewords);
            ModelFile.Save(path, drawn, drawn.Config);
        }

        _tokens = Tokens(data);
        Inputs = new StageInputs(
            ModelFile.Load<VqTokenizer, TokenizerConfig>(path, config => new VqTokenizer(config), device), Map, _tokens, _tokens);
    }

    private ClusterMap Map { get; }

    public StageInputs Inputs { get; }

    /// <summary>Returns a new folder for a training.</summary>
    public string NewFolder() => Directory.CreateDirectory(Path.Combine(_folder, Path.GetRandomFileName(), "coarse")).FullName;

    public void Dispose()
    {
        _tokens.Dispose();
        Inputs.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>The smallest tokenizer with as many codewords as the published one; only sample sheets use it.</summary>
    private static TokenizerConfig Tokenizer(PlannedData data) => new()
    {
        BaseWidth = 32,
        EncoderMultipliers = [1],
        DecoderMultipliers = [1],
        ResidualBlocks = 1,
        LatentWidth = 32,
        CodebookSize = data.Codewords,
        PatchSize = 1,
    };

    private TokenSet Tokens(PlannedData data)
    {
        var positions = data.GridSide * data.GridSide;
        var folder = Path.Combine(_folder, "tokens");
        using var tokens = randint(data.Codewords, [Rows, positions], ScalarType.Int32);
        using var classIds = arange(Rows, ScalarType.Int32).remainder(data.Classes);
        SafetensorsWriter.Write($"{folder}.safetensors", [("tokens", tokens), ("class_ids", classIds)], new Dictionary<string, string>
        {
            ["class_names"] = JsonSerializer.Serialize(Enumerable.Range(0, data.Classes).Select(id => $"{id}")),
        });
        return TokenSet.Open(folder);
    }
}
