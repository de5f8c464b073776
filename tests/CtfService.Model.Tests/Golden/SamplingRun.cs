using System.Text.Json;
using CtfService.Core.Generation;
using CtfService.Model.Checkpoints;
using CtfService.Model.Sampling;
using CtfService.TestSupport;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Golden;

/// <summary>Our filters on the cases of sampling.safetensors; the settings of a case are in its metadata.</summary>
public sealed class SamplingRun : IDisposable
{
    public static string Path => GoldenFolder.File("sampling.safetensors");

    public SafetensorsFile Golden { get; } = SafetensorsFile.Open(Path);

    /// <summary>Scaled logits with removed entries at minus infinity: [B, V].</summary>
    public Tensor Filtered(string name)
    {
        var logits = Logits(name);
        using var rows = Rows(Settings(name), logits);
        return LogitsFilter.Apply(logits, rows);
    }

    /// <summary>The greedy choice: [B, 1].</summary>
    public Tensor Greedy(string name)
    {
        var logits = Logits(name);
        using var rows = Rows(Settings(name) with { TopK = 1 }, logits);
        return CategoricalSampler.SampleInverseCdf(logits, rows, full(logits.shape[0], 1, 0.9f)).unsqueeze(1);
    }

    /// <summary>Entries that the reference keeps: int64 [B].</summary>
    public Tensor KeptCounts(string name) => tensor(Case(name).GetProperty("kept").EnumerateArray().Select(count => count.GetInt64()).ToArray());

    public SamplingSettings Settings(string name)
    {
        var description = Case(name);
        return new SamplingSettings(
            description.GetProperty("temperature").GetSingle(), description.GetProperty("top_k").GetInt32(), description.GetProperty("top_p").GetSingle());
    }

    /// <summary>[B, V].</summary>
    public Tensor Logits(string name) => Golden.Read(Input(name));

    /// <summary>Name of the tensor that a case filters.</summary>
    public string Input(string name) => Case(name).GetProperty("input").GetString()!;

    /// <summary>Every case, in the file's order.</summary>
    public IEnumerable<string> Names() =>
        Golden.Entries.Select(entry => entry.Name)
            .Where(name => name.EndsWith(".filtered", StringComparison.Ordinal))
            .Select(name => name[..^".filtered".Length]);

    public void Dispose() => Golden.Dispose();

    private static RowSampling Rows(SamplingSettings settings, Tensor logits) =>
        new([settings], (int)logits.shape[1], CPU, rowsPerImage: (int)logits.shape[0]);

    private JsonElement Case(string name) => JsonDocument.Parse(Golden.Metadata[name]).RootElement;
}
