using CtfService.Core.Generation;
using CtfService.Model.Sampling;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Coarse;

/// <summary>
/// What stage 1 keeps on the device for each model row, allocated once. A row that nobody has stays at the class position, where it computes something that
/// nobody reads. Only <see cref="Fetch"/> waits for the device.
/// </summary>
internal sealed class DeviceRows : IDisposable
{
    private static readonly SamplingSettings Nobody = new();

    private readonly Device _device;
    private readonly TransformerConfig _config;
    private readonly RowSampling _sampling;
    private readonly Tensor _strides;    // int64 [R]: 1 where a row moves on with every step, 0 where nobody has it
    private readonly Tensor _sources;    // int64 [R]: the row whose label this one takes: its own, or of a null-class row the conditional one
    private readonly Tensor _partners;   // int64 [R]: the null-class row of a guided image's conditional row, otherwise the row itself
    private readonly Tensor _scales;     // [R, 1]: guidance
    private readonly Tensor _lastGuided; // int64 [R, 1]: the last position that guidance applies to
    private readonly Tensor _uniforms;   // [R, T]
    private readonly Tensor _labels;     // int64 [R, T]

    public DeviceRows(TransformerConfig config, int rows, Device device)
    {
        (_config, _device) = (config, device);
        _sampling = new RowSampling([.. Enumerable.Repeat(Nobody, rows)], config.OutputVocabulary, device);
        Inputs = Zeros(ScalarType.Int64, rows);
        Positions = Zeros(ScalarType.Int64, rows);
        _strides = Zeros(ScalarType.Int64, rows);
        _sources = arange(rows, ScalarType.Int64, device).DetachFromDisposeScope();
        _partners = arange(rows, ScalarType.Int64, device).DetachFromDisposeScope();
        _scales = Zeros(ScalarType.Float32, rows, 1);
        _lastGuided = Zeros(ScalarType.Int64, rows, 1);
        _uniforms = Zeros(ScalarType.Float32, rows, config.Positions);
        _labels = Zeros(ScalarType.Int64, rows, config.Positions);
    }

    /// <summary>int64 [R]: the class at position 0, otherwise the label drawn last.</summary>
    public Tensor Inputs { get; }

    /// <summary>int64 [R]: the next step's position in the model, which is also the cell that it draws.</summary>
    public Tensor Positions { get; }

    /// <summary>Gives an image its rows.</summary>
    public void Occupy(CoarseSequence sequence)
    {
        var image = sequence.Specification;
        using var scope = NewDisposeScope();
        Set(sequence.Slot, image.ClassId, stride: 1, source: sequence.Slot, partner: sequence.NullSlot ?? sequence.Slot);
        _sampling.Set(sequence.Slot, image.Coarse);
        _scales.select(0, sequence.Slot).fill_(image.Coarse.GuidanceScale);
        _lastGuided.select(0, sequence.Slot).fill_(image.Coarse.LastGuidedPosition);
        _uniforms.narrow(0, sequence.Slot, 1).copy_(ImageUniforms.Of([image], SamplingStage.Coarse, _config.Positions, _device));
        if (sequence.NullSlot is { } slot)
        {
            Set(slot, _config.NullClass, stride: 1, source: sequence.Slot, partner: slot);
        }
    }

    /// <summary>Takes them back.</summary>
    public void Vacate(CoarseSequence sequence)
    {
        using var scope = NewDisposeScope();
        Set(sequence.Slot, input: 0, stride: 0, source: sequence.Slot, partner: sequence.Slot);
        _sampling.Set(sequence.Slot, Nobody); // so that nothing is sorted for an image that is gone
        if (sequence.NullSlot is { } slot)
        {
            Set(slot, input: 0, stride: 0, source: slot, partner: slot);
        }
    }

    /// <summary>One label for every row, int64 [R]; 0 where nobody has it, which is a class as well.</summary>
    /// <param name="logits">[R, V].</param>
    public Tensor Sample(Tensor logits)
    {
        using var scope = NewDisposeScope();
        var cells = Positions.unsqueeze(1);                                                                   // [R, 1]
        var unconditional = where(cells.less_equal(_lastGuided), logits.index_select(0, _partners), logits);  // [R, V]
        var guided = Guidance.Combine(logits, unconditional, _scales);                                        // a row with itself: unchanged, whatever the scale
        var drawn = CategoricalSampler.Sample(guided, _sampling, _uniforms.gather(1, cells));                 // [R]
        return drawn.index_select(0, _sources).mul_(_strides).MoveToOuterDisposeScope();
    }

    /// <summary>Notes the labels and moves on. Allocates nothing on the device: a step that lacks memory fails before it, and can be run again.</summary>
    public void Advance(Tensor labels)
    {
        using var scope = NewDisposeScope();
        _labels.scatter_(1, Positions.unsqueeze(1), labels.unsqueeze(1));
        Inputs.copy_(labels);
        Positions.add_(_strides);
    }

    /// <summary>Copies the labels of some images to the host, all in one go. Waits for the device.</summary>
    public void Fetch(IReadOnlyList<CoarseSequence> sequences)
    {
        using var scope = NewDisposeScope();
        var slots = tensor(sequences.Select(sequence => (long)sequence.Slot).ToArray(), device: _device);
        var labels = _labels.index_select(0, slots).to(ScalarType.Int32).cpu().data<int>().ToArray(); // [sequences, T]
        for (var place = 0; place < sequences.Count; place++)
        {
            labels.AsSpan(place * _config.Positions, _config.Positions).CopyTo(sequences[place].CoarseLabels);
        }
    }

    public void Dispose()
    {
        _sampling.Dispose();
        foreach (var state in (Tensor[])[Inputs, Positions, _strides, _sources, _partners, _scales, _lastGuided, _uniforms, _labels])
        {
            state.Dispose();
        }
    }

    private Tensor Zeros(ScalarType type, params long[] shape) => zeros(shape, type, _device).DetachFromDisposeScope();

    private void Set(int row, int input, int stride, int source, int partner)
    {
        Inputs.select(0, row).fill_(input);
        Positions.select(0, row).fill_(0);
        _strides.select(0, row).fill_(stride);
        _sources.select(0, row).fill_(source);
        _partners.select(0, row).fill_(partner);
    }
}
