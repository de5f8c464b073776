using CtfService.Core.Generation;
using static TorchSharp.torch;

namespace CtfService.Model.Sampling;

/// <summary>
/// Sampling settings of every row of a batch as device tensors, built once when the batch is formed. Owns its tensors; device thread only.
/// </summary>
public sealed class RowSampling : IDisposable
{
    /// <summary>Temperatures below this act as this; at or below it the highest logit is taken.</summary>
    public const float MinTemperature = 1e-5f;

    /// <param name="settings">One for each image.</param>
    /// <param name="vocabulary">V: logits per row.</param>
    /// <param name="rowsPerImage">Consecutive rows with the same settings: 1 in a coarse decode step, T in the fine pass.</param>
    /// <exception cref="ArgumentException">Settings are outside the ranges of <see cref="SamplingSettings"/>.</exception>
    public RowSampling(IReadOnlyList<SamplingSettings> settings, int vocabulary, Device device, int rowsPerImage = 1)
    {
        ArgumentOutOfRangeException.ThrowIfZero(settings.Count, nameof(settings));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(vocabulary);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rowsPerImage);
        foreach (var image in settings)
        {
            RequireInRange(image);
        }

        Vocabulary = vocabulary;
        Rows = settings.Count * rowsPerImage;
        using var scope = NewDisposeScope(); // frees the tensors that are there if a later one does not fit
        Temperature = PerRow([.. settings.Select(TemperatureOf)], device, rowsPerImage);
        TopKIndex = PerRow([.. settings.Select(TopKIndexOf)], device, rowsPerImage);
        TopP = PerRow([.. settings.Select(TopPOf)], device, rowsPerImage);
        Greedy = PerRow([.. settings.Select(IsGreedyImage)], device, rowsPerImage);
        scope.Detach(Temperature, TopKIndex, TopP, Greedy);
        UsesTopK = settings.Any(LimitsTopK);
        UsesTopP = settings.Any(image => image.TopP < 1);
        AnyGreedy = settings.Any(IsGreedyImage);
    }

    /// <summary>R.</summary>
    public int Rows { get; }

    /// <summary>V.</summary>
    public int Vocabulary { get; }

    /// <summary>[R, 1] float32, at least <see cref="MinTemperature"/>.</summary>
    internal Tensor Temperature { get; }

    /// <summary>[R, 1] int64: place of the last kept logit in descending order, V-1 where all are kept.</summary>
    internal Tensor TopKIndex { get; }

    /// <summary>[R, 1] float32; infinity where all are kept, because a cumulative probability may round to a little over 1.</summary>
    internal Tensor TopP { get; }

    /// <summary>[R, 1] bool: rows that take the highest logit, the first of several.</summary>
    internal Tensor Greedy { get; }

    /// <summary>Whether any row limits top-k; known on the host, so that nothing waits for the device.</summary>
    internal bool UsesTopK { get; }

    internal bool UsesTopP { get; }

    internal bool AnyGreedy { get; }

    public void Dispose()
    {
        Temperature.Dispose();
        TopKIndex.Dispose();
        TopP.Dispose();
        Greedy.Dispose();
    }

    private bool LimitsTopK(SamplingSettings image) => image.TopK > 0 && image.TopK < Vocabulary;

    private static float TemperatureOf(SamplingSettings image) => Math.Max(image.Temperature, MinTemperature);

    private long TopKIndexOf(SamplingSettings image) => (LimitsTopK(image) ? image.TopK : Vocabulary) - 1L;

    private static float TopPOf(SamplingSettings image) => image.TopP < 1 ? image.TopP : float.PositiveInfinity;

    private static bool IsGreedyImage(SamplingSettings image) => image.Temperature <= MinTemperature || image.TopK == 1;

    /// <summary>[R, 1], in the caller's scope.</summary>
    private static Tensor PerRow<T>(T[] perImage, Device device, int rowsPerImage)
        where T : unmanaged
    {
        using var scope = NewDisposeScope();
        var perRow = new T[perImage.Length * rowsPerImage];
        for (var image = 0; image < perImage.Length; image++)
        {
            perRow.AsSpan(image * rowsPerImage, rowsPerImage).Fill(perImage[image]);
        }

        return from_array(perRow).reshape(-1, 1).to(device).MoveToOuterDisposeScope();
    }

    private static void RequireInRange(SamplingSettings settings)
    {
        if (!(settings.Temperature >= 0 && float.IsFinite(settings.Temperature)) || settings.TopK < 0 || !(settings.TopP is >= 0 and <= 1)
            || settings.GuidanceInterval < SamplingSettings.AlwaysGuided)
        {
            throw new ArgumentException(
                $"{settings} cannot be sampled with: temperature must be finite and at least 0, top-k at least 0, top-p in 0..1, "
                + $"the guidance interval at least {SamplingSettings.AlwaysGuided}.",
                nameof(settings));
        }
    }
}
