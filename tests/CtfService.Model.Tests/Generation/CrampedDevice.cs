using System.ComponentModel;
using CtfService.Model.Engines;
using CtfService.Model.Generation;
using CtfService.Model.Loading;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Generation;

/// <summary>A model with later stages that run out of memory, with libtorch's error, if a batch has more than <see cref="Room"/> images.</summary>
internal sealed class CrampedDevice
{
    private readonly LoadedModel _model;

    /// <param name="model">Not disposed.</param>
    public CrampedDevice(LoadedModel model)
    {
        _model = model;
        var encoder = (nn.Module<Tensor, Tensor>)model.Tokenizer.named_children().Single(child => child.name == "encoder").module;
        encoder.register_forward_pre_hook((_, images) => Admit((int)images.shape[0], images));
    }

    public int Room { get; set; } = int.MaxValue;

    /// <summary>The number of failed batches so far.</summary>
    public int Refusals { get; private set; }

    /// <summary>Called before each batch of a later stage; may throw.</summary>
    public Action BeforeBatch { get; set; } = () => { };

    /// <summary>Creates a generator over the model's parts, which it disposes.</summary>
    public CtfImageGenerator Generator() => new(_model with
    {
        Fine = _model.Fine is null ? null : new CrampedFine(_model.Fine, this),
        VqDecoder = new CrampedDecoder(_model.VqDecoder, this),
    });

    private TResult Admit<TResult>(int images, TResult result)
    {
        BeforeBatch();
        if (images > Room)
        {
            Refusals++;
            throw new Win32Exception(0, $"CUDA out of memory. Tried to allocate room for {images} images");
        }

        return result;
    }

    private sealed class CrampedFine(IFineEngine engine, CrampedDevice device) : IFineEngine
    {
        public TransformerConfig Config => engine.Config;

        public int Capacity => engine.Capacity;

        public int LargestCluster => engine.LargestCluster;

        public void Run(ReadOnlySpan<int> classIds, ReadOnlySpan<int> coarseLabels, Span<float> hidden, CancellationToken cancellation = default) =>
            device.Admit(classIds.Length, engine).Run(classIds, coarseLabels, hidden, cancellation);

        public void ScoreMembers(ReadOnlySpan<float> hidden, ReadOnlySpan<int> coarseLabels, Span<float> logits) =>
            engine.ScoreMembers(hidden, coarseLabels, logits);

        public void Dispose() => engine.Dispose();
    }

    private sealed class CrampedDecoder(IVqDecoder decoder, CrampedDevice device) : IVqDecoder
    {
        public TokenizerConfig Config => decoder.Config;

        public int GridHeight => decoder.GridHeight;

        public int GridWidth => decoder.GridWidth;

        public int ImagesAtOnce => decoder.ImagesAtOnce;

        public void Decode(ReadOnlySpan<int> tokens, Span<float> pixels, CancellationToken cancellation = default) =>
            device.Admit(tokens.Length / (GridHeight * GridWidth), decoder).Decode(tokens, pixels, cancellation);

        public void DecodeCodewords(ReadOnlySpan<float> codewords, Span<float> pixels) =>
            device.Admit(codewords.Length / (GridHeight * GridWidth * Config.CodewordWidth), decoder).DecodeCodewords(codewords, pixels);

        public void Dispose() => decoder.Dispose();
    }
}
