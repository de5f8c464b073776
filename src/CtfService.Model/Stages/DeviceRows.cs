using CtfService.Core.Generation;
using CtfService.Model.Memory;
using CtfService.Model.Sampling;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Stages;

/// <summary>
/// The state of each model row that stage 1 keeps on the device. The host knows all of it except the labels. When images have joined or left, or a step has
/// failed, <see cref="Sync"/> rewrites it; otherwise it advances on the device. A vacant row stays at the class position, and its results are never read. Only
/// <see cref="Fetch"/> and <see cref="Sync"/> wait for the device.
/// </summary>
internal sealed class DeviceRows : IDisposable
{
    private static readonly SamplingSettings Vacant = new();

    private readonly DeviceMemory _memory;
    private readonly TransformerConfig _config;
    private readonly Tensor _state;    // int64 [RowState.Count, R]
    private readonly Tensor _scales;   // [R, 1]: guidance
    private readonly Tensor _labels;   // int64 [R, T]
    private readonly NoiseBuffer _noise;
    private RowSampling? _sampling;
    private bool _anyInverseCdf;

    /// <param name="capacity">The largest number of rows.</param>
    public DeviceRows(TransformerConfig config, int capacity, DeviceMemory memory)
    {
        (_config, _memory, Count) = (config, memory, capacity);
        using var scope = NewDisposeScope(); // frees earlier tensors if a later one does not fit
        _state = memory.Zeros(ScalarType.Int64, Enum.GetValues<RowState>().Length, capacity);
        _scales = memory.Zeros(ScalarType.Float32, capacity, 1);
        _labels = memory.Zeros(ScalarType.Int64, capacity, config.Positions);
        scope.Detach(_state, _scales, _labels);
        _noise = new NoiseBuffer(config.Positions, config.OutputVocabulary);
    }

    /// <summary>The numbers kept for each row.</summary>
    private enum RowState
    {
        /// <summary>The class at position 0, otherwise the last label drawn.</summary>
        Input,

        /// <summary>The next step's position in the model, which is also the cell that it draws.</summary>
        Position,

        /// <summary>1 if the row advances with every step, 0 if it is vacant.</summary>
        Stride,

        /// <summary>The row whose label this row takes: the conditional row for a null-class row, otherwise the row itself.</summary>
        Source,

        /// <summary>The null-class row for the conditional row of a guided image, otherwise the row itself.</summary>
        Partner,

        /// <summary>The last guided position.</summary>
        LastGuided,

        /// <summary>The bits of the seed of the row's labels.</summary>
        Seed,

        /// <summary>1 if labels are drawn with <see cref="SamplingMethod.InverseCdf"/>, otherwise 0.</summary>
        InverseCdf,
    }

    /// <summary>The number of rows that a step computes, 1 to the capacity. A change makes the state stale.</summary>
    public int Count { get; set; }

    /// <summary>True if the device's state may differ from the host's.</summary>
    public bool IsStale { get; set; } = true;

    /// <summary>int64 [R]: the class at position 0, otherwise the last label drawn. A view in the caller's scope.</summary>
    public Tensor Inputs => State(RowState.Input);

    /// <summary>int64 [R]: the next step's position. A view in the caller's scope.</summary>
    public Tensor Positions => State(RowState.Position);

    /// <summary>Writes the state of every row from the host's. Can be repeated after a failure.</summary>
    /// <param name="running">All images of the stage.</param>
    public void Sync(IReadOnlyList<RunningImage> running)
    {
        using var scope = NewDisposeScope();
        var sampling = new RowSampling(SettingsOf(running), _config.OutputVocabulary, _memory.Device);
        _sampling?.Dispose();
        _sampling = sampling;
        _anyInverseCdf = running.Any(IsInverseCdf);
        _noise.Clear();
        _state.narrow(1, 0, Count).copy_(_memory.Upload(StateOf(running), Enum.GetValues<RowState>().Length, Count));
        _scales.narrow(0, 0, Count).copy_(_memory.Upload(ScalesOf(running), Count, 1));
        foreach (var image in running.Where(image => image.IsAtFirstLabel && image.KeptTokens is not null))
        {
            KeepLabels(image);
        }

        var last = _labels.narrow(0, 0, Count).gather(1, Positions.sub(1).clamp_min(0).unsqueeze(1)).squeeze(1); // [R]
        Inputs.copy_(where(Positions.eq(0), Inputs, last));
        IsStale = false;
    }

    /// <summary>Returns the inputs of consecutive positions of a row, int64 [S]. All labels before the last of them must be known.</summary>
    public Tensor InputsOf(int slot, int classId, int first, int count)
    {
        using var scope = NewDisposeScope();
        var labels = _labels.select(0, slot);
        var inputs = first > 0
            ? labels.narrow(0, first - 1, count).clone()
            : cat([_memory.Upload([(long)classId], 1), labels.narrow(0, 0, count - 1)]);
        return inputs.MoveToOuterDisposeScope();
    }

    /// <summary>Draws one label for every row, int64 [R]. A vacant row gets 0, which is a valid class as well.</summary>
    /// <param name="logits">[R, V].</param>
    public Tensor Sample(Tensor logits)
    {
        using var scope = NewDisposeScope();
        var cells = Positions.unsqueeze(1);                                                                   // [R, 1]
        var isGuided = cells.less_equal(State(RowState.LastGuided).unsqueeze(1));                             // [R, 1]
        var unconditional = where(isGuided, logits.index_select(0, State(RowState.Partner)), logits);         // [R, V]
        var guided = Guidance.Combine(logits, unconditional, _scales.narrow(0, 0, Count));                    // a row with itself: unchanged at any scale
        return Draw(guided).index_select(0, State(RowState.Source)).mul_(State(RowState.Stride)).MoveToOuterDisposeScope();
    }

    /// <summary>Stores the labels of the step, int64 [R]. The rows do not advance, so a step that fails after this can be repeated.</summary>
    public void Keep(Tensor labels)
    {
        using var scope = NewDisposeScope();
        _labels.narrow(0, 0, Count).scatter_(1, Positions.unsqueeze(1), labels.unsqueeze(1));
    }

    /// <summary>Advances every occupied row by one position.</summary>
    public void Advance(Tensor labels)
    {
        using var scope = NewDisposeScope();
        Inputs.copy_(labels);
        _noise.Advance();
        Positions.add_(State(RowState.Stride));
    }

    /// <summary>Copies the labels of some images to the host in one transfer. Waits for the device and does not change it.</summary>
    public void Fetch(IReadOnlyList<RunningImage> images)
    {
        using var scope = NewDisposeScope();
        var slots = _memory.Upload(images.Select(image => (long)image.Slot).ToArray(), images.Count);
        var labels = _memory.Download(_labels.index_select(0, slots)); // [images, T]
        for (var place = 0; place < images.Count; place++)
        {
            labels.AsSpan(place * _config.Positions, _config.Positions).CopyTo(images[place].CoarseLabels);
        }
    }

    /// <summary>Copies the labels of a row, which the host does not have, to another row.</summary>
    public void Move(int from, int to)
    {
        using var scope = NewDisposeScope();
        _labels.select(0, to).copy_(_labels.select(0, from));
    }

    public void Dispose()
    {
        _sampling?.Dispose();
        _noise.Dispose();
        foreach (var tensor in (Tensor[])[_state, _scales, _labels])
        {
            tensor.Dispose();
        }
    }

    /// <summary>Draws a label for each row, int64 [R]. Rows with the inverse CDF are rare, so their random numbers are computed in every step.</summary>
    private Tensor Draw(Tensor logits)
    {
        using var scope = NewDisposeScope();
        var (seeds, sampling) = (State(RowState.Seed), _sampling!);
        var labels = CategoricalSampler.SampleGumbelMax(logits, sampling, _noise.Next(seeds, Positions));
        if (_anyInverseCdf)
        {
            var uniforms = DeviceNoise.Uniforms(seeds, SamplingStage.Coarse, Positions); // [R, 1]
            labels = where(State(RowState.InverseCdf).eq(1), CategoricalSampler.SampleInverseCdf(logits, sampling, uniforms), labels);
        }

        return labels.MoveToOuterDisposeScope();
    }

    /// <summary>Uploads the labels that a new image or candidate keeps.</summary>
    private void KeepLabels(RunningImage image)
    {
        var labels = _memory.Upload([.. image.CoarseLabels.Select(label => (long)label)], _config.Positions);
        foreach (var slot in image.NullSlot is { } nullSlot ? (int[])[image.Slot, nullSlot] : [image.Slot])
        {
            _labels.select(0, slot).copy_(labels);
        }
    }

    private Tensor State(RowState state) => _state.select(0, (long)state).narrow(0, 0, Count);

    /// <summary>Returns the state of all rows, [RowState.Count, R].</summary>
    private long[] StateOf(IReadOnlyList<RunningImage> running)
    {
        var state = new long[Enum.GetValues<RowState>().Length * Count];
        for (var row = 0; row < Count; row++)
        {
            Set(state, row, [0, 0, 0, row, row, 0, 0, 0]);
        }

        foreach (var image in running)
        {
            var (specification, slot) = (image.Specification, image.Slot);
            var (seed, inverseCdf) = (unchecked((long)image.LabelSeed), IsInverseCdf(image) ? 1 : 0);
            Set(
                state,
                slot,
                [specification.ClassId, image.Position, 1, slot, image.NullSlot ?? slot, specification.Coarse.LastGuidedPosition, seed, inverseCdf]);
            if (image.NullSlot is { } nullSlot)
            {
                Set(state, nullSlot, [_config.NullClass, image.Position, 1, slot, nullSlot, 0, seed, inverseCdf]);
            }
        }

        return state;
    }

    /// <param name="values">In the order of <see cref="RowState"/>.</param>
    private void Set(long[] state, int row, ReadOnlySpan<long> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            state[(i * Count) + row] = values[i];
        }
    }

    private static bool IsInverseCdf(RunningImage image) => image.Specification.Method == SamplingMethod.InverseCdf;

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
