using CtfService.Model.Layers;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace CtfService.Training.Classification;

/// <summary>
/// Small convolutional network that predicts the class of an image. It judges generated images, and its activations are the features of a Fréchet distance.
/// Reads images of at least 16 pixels; trained at <see cref="ImageSize"/>.
/// </summary>
public sealed class ImageClassifier : Module<Tensor, Tensor>
{
    /// <summary>Numbers per image in <see cref="Features"/>.</summary>
    public const int FeatureWidth = 128;

    /// <summary>Channels of the middle layer in <see cref="Activations"/>.</summary>
    public const int MiddleWidth = 64;

    private const int MiddleStage = 2;
    private const int NormGroups = 8;

    [ComponentName(Name = "stages")]
    private readonly Sequential _stages;

    [ComponentName(Name = "head")]
    private readonly Linear _head;

    /// <param name="classNames">Class names; the index is the class id.</param>
    /// <param name="imageSize">Side of the training images, pixels.</param>
    public ImageClassifier(IReadOnlyList<string> classNames, int imageSize)
        : base(nameof(ImageClassifier))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classNames.Count, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(imageSize, 16);
        ClassNames = classNames;
        ImageSize = imageSize;
        _stages = Sequential(
            Stage(3, 32, stride: 2),
            Stage(32, MiddleWidth, stride: 2),
            Stage(MiddleWidth, MiddleWidth, stride: 1),
            Stage(MiddleWidth, FeatureWidth, stride: 2),
            Stage(FeatureWidth, FeatureWidth, stride: 1));
        _head = Linear(FeatureWidth, classNames.Count);
        RegisterComponents();
    }

    public IReadOnlyList<string> ClassNames { get; }

    /// <summary>Side of the training images, pixels.</summary>
    public int ImageSize { get; }

    /// <summary>Device of the weights, on which images must be.</summary>
    public Device Device => _head.weight!.device;

    /// <param name="pixels">-1 to 1: [B, 3, H, W].</param>
    /// <returns>Logits: [B, classes].</returns>
    public override Tensor forward(Tensor pixels)
    {
        using var scope = NewDisposeScope();
        return _head.forward(Features(pixels)).MoveToOuterDisposeScope();
    }

    /// <summary>Returns the activations of the last layer before the classes, averaged over the image.</summary>
    /// <param name="pixels">-1 to 1: [B, 3, H, W].</param>
    /// <returns>[B, <see cref="FeatureWidth"/>]</returns>
    public Tensor Features(Tensor pixels)
    {
        using var scope = NewDisposeScope();
        return Stages(pixels)[^1].mean([2, 3]).MoveToOuterDisposeScope(); // [B, 128, H / 8, W / 8] -> [B, 128]
    }

    /// <summary>Returns all activations that images are compared by, in one pass.</summary>
    /// <param name="pixels">-1 to 1: [B, 3, H, W].</param>
    /// <returns>Middle layer [B, <see cref="MiddleWidth"/>, H / 4, W / 4], <see cref="Features"/> and logits [B, classes].</returns>
    public (Tensor Middle, Tensor Features, Tensor Logits) Activations(Tensor pixels)
    {
        using var scope = NewDisposeScope();
        var stages = Stages(pixels);
        var features = stages[^1].mean([2, 3]);
        return (stages[MiddleStage].MoveToOuterDisposeScope(), features.MoveToOuterDisposeScope(), _head.call(features).MoveToOuterDisposeScope());
    }

    /// <summary>Returns the activations of every stage, first to last.</summary>
    /// <param name="pixels">-1 to 1: [B, 3, H, W].</param>
    /// <returns>[B, channels, height, width], from half of the image's size to an eighth.</returns>
    public IReadOnlyList<Tensor> Stages(Tensor pixels)
    {
        var stages = new List<Tensor>();
        foreach (var stage in _stages.children())
        {
            stages.Add(Run((Sequential)stage, stages.LastOrDefault(pixels)));
        }

        return stages;
    }

    /// <summary>
    /// Draws new weights; the same generator state gives the same weights. Required before training, because TorchSharp 0.107.0 does not initialise the weights
    /// of GroupNorm (checked).
    /// </summary>
    public void Initialize(Generator generator)
    {
        using var inference = no_grad();
        foreach (var (name, weight) in named_parameters())
        {
            if (weight.dim() > 1)
            {
                var inputs = weight.numel() / weight.shape[0];
                weight.normal_(0, Math.Sqrt(2.0 / inputs), generator); // He et al. 2015, eq. 10
            }
            else
            {
                weight.fill_(name.EndsWith("weight", StringComparison.Ordinal) ? 1 : 0);
            }
        }
    }

    /// <summary>Runs a stage, whose convolution is subject to <see cref="Autocast"/>.</summary>
    private static Tensor Run(Sequential stage, Tensor input)
    {
        if (!Autocast.IsActive)
        {
            return stage.call(input);
        }

        var convolution = (Conv2d)stage[0];
        var stride = convolution.stride[0];
        var hidden = Autocast.Convolve(input, convolution.weight!, bias: null, stride, padding: 1);
        return stage.children().Skip(1).Cast<Module<Tensor, Tensor>>().Aggregate(hidden, (active, layer) => layer.call(active));
    }

    private static Sequential Stage(int inputs, int outputs, int stride) => Sequential(
        Conv2d(inputs, outputs, kernel_size: 3, stride: stride, padding: 1, bias: false),
        GroupNorm(NormGroups, outputs),
        ReLU());
}
