using CtfService.Core.Generation;
using static TorchSharp.torch;

namespace CtfService.Model.Sampling;

/// <summary>
/// The sampling settings of every row of a batch as device tensors, built once per batch. Owns its tensors. Use on the device thread only.
/// </summary>
public sealed class RowSampling : IDisposable
{
    /// <summary>The lowest temperature that is sampled. At or below it, the highest logit is taken.</summary>
    public const float MinTemperature = 1e-5f;

    /// <summary>Uploads the settings of some images.</summary>
    /// <param name="settings">One per image.</param>
    /// <param name="vocabulary">V, the number of logits in a row.</param>
    /// <param name="rowsPerImage">Consecutive rows with the same settings: 1 in a coarse decode step, T in the fine pass.</param>
    /// <exception cref="ArgumentException">A setting is outside the ranges of <see cref="SamplingSettings"/>.</exception>
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
        using var scope = NewDisposeScope(); // frees the first tensors if a later one cannot be allocated
        Temperature = PerRow([.. settings.Select(TemperatureOf)], device, rowsPerImage);
        TopKIndex = PerRow([.. settings.Select(TopKIndexOf)], device, rowsPerImage);
        TopP = PerRow([.. settings.Select(TopPOf)], device, rowsPerImage);
        Greedy = PerRow([.. settings.Select(IsGreedyImage)], device, rowsPerImage);
        scope.Detach(Temperature, TopKIndex, TopP, Greedy);
        UsesTopK = settings.Any(LimitsTopK);
        UsesTopP = settings.Any(image => image.TopP < 1);
        AnyGreedy = settings.Any(IsGreedyImage);
    }

    /// <summary>Gets R, the number of rows.</summary>
    public int Rows { get; }

    /// <summary>Gets V, the number of logits in a row.</summary>
    public int Vocabulary { get; }

    /// <summary>Gets the temperatures, [R, 1] float32, at least <see cref="MinTemperature"/>.</summary>
    internal Tensor Temperature { get; }

    /// <summary>Gets the index of the last kept logit in descending order, [R, 1] int64; V - 1 if all are kept.</summary>
    internal Tensor TopKIndex { get; }

    /// <summary>Gets top-p, [R, 1] float32; infinity if all are kept, because a cumulative probability may round to slightly above 1.</summary>
    internal Tensor TopP { get; }

    /// <summary>Gets the rows that take the highest logit, the first of several: [R, 1] bool.</summary>
    internal Tensor Greedy { get; }

    /// <summary>Gets whether any row limits top-k. Known on the host, so that nothing synchronizes with the device.</summary>
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

    /// <summary>Returns [R, 1], in the caller's dispose scope.</summary>
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
                $"Invalid sampling settings {settings}: temperature must be finite and at least 0, top-k at least 0, top-p 0 to 1, "
                + $"the guidance interval at least {SamplingSettings.AlwaysGuided}.",
                nameof(settings));
        }
    }
}
