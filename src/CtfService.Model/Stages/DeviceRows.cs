using CtfService.Core.Generation;
using CtfService.Model.Layers;
using CtfService.Model.Memory;
using CtfService.Model.Sampling;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Stages;

/// <summary>
/// The model rows of stage 1 on the device: their state, noise and labels. The host knows all of it except the labels. When images have joined or
/// left, or a step has failed, <see cref="Sync"/> rewrites the state; otherwise it advances on the device. A vacant row stays at the class position, and its
/// results are never read. Only <see cref="Fetch"/> and <see cref="Sync"/> wait for the device.
/// </summary>
internal sealed class DeviceRows : IDisposable
{
    private readonly DeviceMemory _memory;
    private readonly TransformerConfig _config;
    private readonly RowStates _states;
    private readonly NoiseBuffer _noise;
    private readonly ILabelDrafts? _drafts;
    private readonly Tensor _faults;    // int64 [R]: the first position whose logits are not finite; T if all are
    private readonly Tensor _sequences; // int64 [R, 1 + T + 1]: the class, final labels, drafts of the others, and a place for labels that are not kept

    /// <param name="capacity">The largest number of rows.</param>
    /// <param name="window">W: the positions of a row in a step.</param>
    /// <param name="drafts">Drafts all labels of an image when it starts; null to draft the last label that was drawn.</param>
    public DeviceRows(TransformerConfig config, int capacity, DeviceMemory memory, int window = 1, ILabelDrafts? drafts = null)
    {
        (_config, _memory, Window, _drafts) = (config, memory, window, drafts);
        using var scope = NewDisposeScope(); // frees earlier tensors if a later one does not fit
        _sequences = memory.Zeros(ScalarType.Int64, capacity, config.Positions + 2);
        _states = new RowStates(config, capacity, window, memory);
        _faults = memory.Zeros(ScalarType.Int64, capacity);
        scope.Detach(_sequences, _faults);
        _noise = new NoiseBuffer(config.Positions, config.OutputVocabulary, window);
    }

    /// <summary>W: the positions of a row in a step.</summary>
    public int Window { get; }

    /// <summary>The number of rows that a step computes, 1 to the capacity. A change makes the state stale.</summary>
    public int Count
    {
        get => _states.Count;
        set => _states.Count = value;
    }

    /// <summary>True if the device's state may differ from the host's.</summary>
    public bool IsStale { get; set; } = true;

    /// <summary>Writes the state of every row from the host's. Can be repeated after a failure.</summary>
    /// <param name="running">All images of the stage.</param>
    /// <param name="limit">Returns the most positions of an image's window; null for W.</param>
    public void Sync(IReadOnlyList<RunningImage> running, Func<RunningImage, int>? limit = null)
    {
        using var scope = NewDisposeScope();
        _noise.Clear();
        _states.Write(running, limit);
        _sequences.narrow(0, 0, Count).select(1, 0).copy_(_states.Classes);
        foreach (var image in running.Where(image => image.IsAtFirstLabel))
        {
            _faults.select(0, image.Slot).fill_(Scalars.Of((long)_config.Positions));
        }

        foreach (var image in running.Where(image => image.IsAtFirstLabel && (image.KeptTokens is not null || Window > 1)))
        {
            Start(image);
        }

        IsStale = false;
    }

    /// <summary>Returns the inputs of the next step. Its tensors belong to the caller's scope.</summary>
    public StepWindow NextWindow() => StepWindow.Of(_states.Positions, _states.Ends, _sequences.narrow(0, 0, Count), Window);

    /// <summary>Returns the inputs of consecutive positions of a row, int64 [S]. All labels before the last of them must be known.</summary>
    public Tensor InputsOf(int slot, int first, int count)
    {
        using var scope = NewDisposeScope();
        return _sequences.select(0, slot).narrow(0, first, count).MoveToOuterDisposeScope();
    }

    /// <summary>Draws the labels of all positions, int64 [R, W]. A vacant row gets 0, which is a valid class as well.</summary>
    /// <param name="logits">[R, W, V].</param>
    public Tensor Sample(StepWindow window, Tensor logits)
    {
        using var scope = NewDisposeScope();
        var isGuided = window.Positions.less_equal(_states.LastGuided.unsqueeze(1)).unsqueeze(2);            // [R, W, 1]
        var unconditional = where(isGuided, logits.index_select(0, _states.Partners), logits);               // [R, W, V]
        var guided = Guidance.Combine(logits, unconditional, _states.GuidanceScales).flatten(0, 1);          // a row with itself: unchanged at any scale
        window.AreFinite = guided.sum(1).isfinite().reshape(Count, Window).MoveToOuterDisposeScope();         // [R, W]
        var drawn = Draw(window, guided).reshape(Count, Window);                                              // [R, W]
        return drawn.index_select(0, _states.Sources).mul_(_states.Strides.unsqueeze(1)).MoveToOuterDisposeScope();
    }

    /// <summary>Returns how many labels at the beginning of each row's window are final, int64 [R]: 0 for a vacant row.</summary>
    /// <param name="labels">int64 [R, W].</param>
    public Tensor CountFinal(StepWindow window, Tensor labels)
    {
        using var scope = NewDisposeScope();
        return Window == 1 ? _states.Strides.MoveToOuterDisposeScope() : window.CountFinal(labels).mul_(_states.Strides).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Stores the labels of the step, int64 [R, W]; those that are not final are the next drafts. The rows do not advance, so a step that fails after this can
    /// be repeated.
    /// </summary>
    public void Keep(StepWindow window, Tensor labels) => window.Store(labels, _sequences.narrow(0, 0, Count), repeatsLast: _drafts is null);

    /// <summary>Remembers for each row the first final label whose logits were not finite; <see cref="Fetch"/> tells the host.</summary>
    /// <param name="window">After <see cref="Sample"/>.</param>
    /// <param name="counts">int64 [R].</param>
    public void KeepFaults(StepWindow window, Tensor counts)
    {
        using var scope = NewDisposeScope();
        var isSound = Window == 1
            ? window.AreFinite!
            : window.AreFinite!.logical_or(window.Positions.greater_equal(_states.Positions.add(counts).unsqueeze(1))); // [R, W]
        var first = window.Positions.masked_fill(isSound, Scalars.Of((long)_config.Positions)).amin([1]); // [R]
        var faults = _faults.narrow(0, 0, Count);
        faults.copy_(minimum(faults, first));
    }

    /// <summary>Advances each row by its number of final labels.</summary>
    /// <param name="counts">int64 [R].</param>
    /// <param name="most">The largest of them.</param>
    public void Advance(Tensor counts, int most = 1)
    {
        using var scope = NewDisposeScope();
        _noise.Advance(most);
        _states.Positions.add_(counts);
    }

    /// <summary>
    /// Copies the labels of some images to the host in one transfer, and what <see cref="KeepFaults"/> remembers. Waits for the device and does not change it.
    /// </summary>
    public void Fetch(IReadOnlyList<RunningImage> images)
    {
        using var scope = NewDisposeScope();
        var slots = _memory.Upload([.. images.Select(image => (long)image.Slot)], images.Count);
        var labels = _sequences.index_select(0, slots).narrow(1, 1, _config.Positions);                   // [images, T]
        var values = _memory.Download(cat([labels, _faults.index_select(0, slots).unsqueeze(1)], 1));      // [images * (T + 1)]
        for (var i = 0; i < images.Count; i++)
        {
            var ofImage = values.AsSpan(i * (_config.Positions + 1), _config.Positions + 1);
            ofImage[..^1].CopyTo(images[i].CoarseLabels);
            if (ofImage[^1] < _config.Positions)
            {
                images[i].Fault ??= NotFiniteException.Of("coarse logits", ofImage[^1]);
            }
        }
    }

    /// <summary>Copies the labels and the fault of a row, which the host does not have, to another row.</summary>
    public void Move(int from, int to)
    {
        using var scope = NewDisposeScope();
        _sequences.select(0, to).copy_(_sequences.select(0, from));
        _faults.select(0, to).copy_(_faults.select(0, from));
    }

    public void Dispose()
    {
        _states.Dispose();
        _noise.Dispose();
        _sequences.Dispose();
        _faults.Dispose();
    }

    /// <summary>
    /// Draws a label for each position, int64 [R * W]. Rows with the inverse CDF are rare, so their random numbers are computed in every step.
    /// </summary>
    /// <param name="logits">[R * W, V].</param>
    private Tensor Draw(StepWindow window, Tensor logits)
    {
        using var scope = NewDisposeScope();
        var labels = CategoricalSampler.SampleGumbelMax(logits, _states.Sampling!, _noise.Next(_states.Seeds, _states.Positions));
        if (_states.AnyInverseCdf)
        {
            var uniforms = DeviceNoise.Uniforms(_states.Seeds, SamplingStage.Coarse, window.Positions).reshape(-1, 1); // [R * W, 1]
            var isInverseCdf = _states.AreInverseCdf.eq(1).repeat_interleave(Window);                                 // [R * W]
            labels = where(isInverseCdf, CategoricalSampler.SampleInverseCdf(logits, _states.Sampling!, uniforms), labels);
        }

        return labels.MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Uploads the labels that a new image or candidate keeps. With windows the others are drafts, which both rows of a guided image must share.
    /// </summary>
    private void Start(RunningImage image)
    {
        var labels = _memory.Upload([.. Enumerable.Range(0, _config.Positions).Select(cell => StartOf(image, cell))], _config.Positions);
        foreach (var slot in image.NullSlot is { } nullSlot ? (int[])[image.Slot, nullSlot] : [image.Slot])
        {
            _sequences.select(0, slot).narrow(0, 1, _config.Positions).copy_(labels);
        }
    }

    private long StartOf(RunningImage image, int cell) =>
        _drafts is null || Window == 1 || image.IsKept(cell) ? image.CoarseLabels[cell] : _drafts.Draft(image, cell);
}
