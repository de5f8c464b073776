using CtfService.Core.Generation;
using CtfService.Model.Memory;
using CtfService.Model.Sampling;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Stages;

/// <summary>What the host knows of each model row, as tensors on the device: where the row is, whose label it takes, and how its labels are drawn.</summary>
internal sealed class RowStates : IDisposable
{
    private static readonly SamplingSettings Vacant = new();

    private readonly DeviceMemory _memory;
    private readonly TransformerConfig _config;
    private readonly int _window;
    private readonly Tensor _fields; // int64 [Field.Count, R]
    private readonly Tensor _scales; // [R, 1, 1]: guidance

    /// <param name="capacity">The largest number of rows.</param>
    /// <param name="window">W: the positions of a row in a step.</param>
    public RowStates(TransformerConfig config, int capacity, int window, DeviceMemory memory)
    {
        (_config, _memory, _window, Count) = (config, memory, window, capacity);
        using var scope = NewDisposeScope(); // frees the first tensor if the second does not fit
        _fields = memory.Zeros(ScalarType.Int64, Enum.GetValues<Field>().Length, capacity);
        _scales = memory.Zeros(ScalarType.Float32, capacity, 1, 1);
        scope.Detach(_fields, _scales);
    }

    private enum Field
    {
        Class,
        Position,
        Stride,
        Source,
        Partner,
        LastGuided,
        End,
        Seed,
        IsInverseCdf,
    }

    /// <summary>The number of rows in use, 1 to the capacity.</summary>
    public int Count { get; set; }

    /// <summary>The class of each row, int64 [R], as all fields below; each is a view in the caller's scope.</summary>
    public Tensor Classes => Get(Field.Class);

    /// <summary>The model's position of the next label to draw, which is also its cell.</summary>
    public Tensor Positions => Get(Field.Position);

    /// <summary>1 if the row advances with every step, 0 if it is vacant.</summary>
    public Tensor Strides => Get(Field.Stride);

    /// <summary>The row whose labels the row takes: the conditional row for a null-class row, otherwise the row itself.</summary>
    public Tensor Sources => Get(Field.Source);

    /// <summary>The null-class row for the conditional row of a guided image, otherwise the row itself.</summary>
    public Tensor Partners => Get(Field.Partner);

    /// <summary>The last guided position.</summary>
    public Tensor LastGuided => Get(Field.LastGuided);

    /// <summary>The end of the cells that the row draws without a change by the host: the next kept label, or T.</summary>
    public Tensor Ends => Get(Field.End);

    /// <summary>The bits of the seed of the row's labels.</summary>
    public Tensor Seeds => Get(Field.Seed);

    /// <summary>1 if labels are drawn with <see cref="SamplingMethod.InverseCdf"/>, otherwise 0.</summary>
    public Tensor AreInverseCdf => Get(Field.IsInverseCdf);

    /// <summary>True if labels of any row are drawn with <see cref="SamplingMethod.InverseCdf"/>.</summary>
    public bool AnyInverseCdf { get; private set; }

    /// <summary>[R, 1, 1].</summary>
    public Tensor GuidanceScales => _scales.narrow(0, 0, Count);

    /// <summary>The settings of [R * W] labels. Set by <see cref="Write"/>.</summary>
    public RowSampling? Sampling { get; private set; }

    /// <summary>Writes the state of all rows. Can be repeated after a failure.</summary>
    /// <param name="running">All images of the stage.</param>
    /// <param name="limit">Returns the most positions of an image's window; null for W.</param>
    public void Write(IReadOnlyList<RunningImage> running, Func<RunningImage, int>? limit)
    {
        using var scope = NewDisposeScope();
        var sampling = new RowSampling(SettingsOf(running), _config.OutputVocabulary, _memory.Device, _window);
        Sampling?.Dispose();
        Sampling = sampling;
        AnyInverseCdf = running.Any(IsInverseCdf);
        _fields.narrow(1, 0, Count).copy_(_memory.Upload(FieldsOf(running, limit), Enum.GetValues<Field>().Length, Count));
        GuidanceScales.copy_(_memory.Upload(ScalesOf(running), Count, 1, 1));
    }

    public void Dispose()
    {
        Sampling?.Dispose();
        _fields.Dispose();
        _scales.Dispose();
    }

    private static bool IsInverseCdf(RunningImage image) => image.Specification.Method == SamplingMethod.InverseCdf;

    private Tensor Get(Field field) => _fields.select(0, (long)field).narrow(0, 0, Count);

    /// <summary>Returns the fields of all rows, [Field.Count, R].</summary>
    private long[] FieldsOf(IReadOnlyList<RunningImage> running, Func<RunningImage, int>? limit)
    {
        var fields = new long[Enum.GetValues<Field>().Length * Count];
        for (var row = 0; row < Count; row++)
        {
            Set(fields, row, [0, 0, 0, row, row, 0, 0, 0, 0]);
        }

        foreach (var image in running)
        {
            var (specification, slot) = (image.Specification, image.Slot);
            var end = image.Position + image.CellsToDraw(limit?.Invoke(image) ?? _config.Positions);
            var (seed, inverseCdf) = (unchecked((long)image.LabelSeed), IsInverseCdf(image) ? 1 : 0);
            var lastGuided = specification.Coarse.LastGuidedPosition;
            Set(fields, slot, [specification.ClassId, image.Position, 1, slot, image.NullSlot ?? slot, lastGuided, end, seed, inverseCdf]);
            if (image.NullSlot is { } nullSlot)
            {
                Set(fields, nullSlot, [_config.NullClass, image.Position, 1, slot, nullSlot, 0, end, seed, inverseCdf]);
            }
        }

        return fields;
    }

    /// <param name="values">In the order of <see cref="Field"/>.</param>
    private void Set(long[] fields, int row, ReadOnlySpan<long> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            fields[(i * Count) + row] = values[i];
        }
    }

    private float[] ScalesOf(IReadOnlyList<RunningImage> running)
    {
        var scales = new float[Count];
        foreach (var image in running)
        {
            scales[image.Slot] = image.Specification.Coarse.GuidanceScale;
        }

        return scales;
    }

    /// <summary>Returns the settings of all rows. Vacant rows have the default ones, so that no logits are sorted for them.</summary>
    private SamplingSettings[] SettingsOf(IReadOnlyList<RunningImage> running)
    {
        var settings = new SamplingSettings[Count];
        Array.Fill(settings, Vacant);
        foreach (var image in running)
        {
            settings[image.Slot] = image.Specification.Coarse;
        }

        return settings;
    }
}
