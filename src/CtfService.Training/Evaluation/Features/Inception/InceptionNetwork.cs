using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CtfService.Training.Evaluation.Features.Inception;

/// <summary>The network of <see cref="InceptionPlan"/>, in evaluation mode. Keys: those of pytorch-fid's <c>pt_inception-2015-12-05</c> weights.</summary>
internal sealed class InceptionNetwork : nn.Module<Tensor, ImageFeatures>
{
    private readonly List<InceptionUnit> _firstStem;
    private readonly List<InceptionUnit> _secondStem;
    private readonly List<InceptionBlock> _blocks = [];

    [ComponentName(Name = "fc")]
    private readonly Linear _classes;

    /// <param name="divisor">Divides every number of channels and classes: a narrow network of the same structure, for tests.</param>
    public InceptionNetwork(int divisor = 1)
        : base("Inception-v3 (FID)")
    {
        var width = 3L;
        _firstStem = Stem(InceptionPlan.FirstStem, ref width, divisor);
        _secondStem = Stem(InceptionPlan.SecondStem, ref width, divisor);
        foreach (var plan in InceptionPlan.Blocks)
        {
            var block = new InceptionBlock(plan, width, divisor);
            register_module(plan.Name, block);
            _blocks.Add(block);
            width = block.OutputWidth;
        }

        _classes = nn.Linear(width, InceptionPlan.Classes / divisor);
        RegisterComponents();
        eval();
    }

    /// <param name="pixels">-1 to 1, of any size: [B, 3, H, W].</param>
    public override ImageFeatures forward(Tensor pixels)
    {
        using var scope = NewDisposeScope();
        long side = InceptionPlan.ImageSide;
        var layer = nn.functional.interpolate(pixels, [side, side], mode: InterpolationMode.Bilinear, align_corners: false); // as pytorch-fid
        layer = Pool(_firstStem.Aggregate(layer, (tensor, unit) => unit.call(tensor)));  // [B, 64, 73, 73]
        layer = Pool(_secondStem.Aggregate(layer, (tensor, unit) => unit.call(tensor))); // [B, 192, 35, 35]
        Tensor? spatial = null;
        foreach (var block in _blocks)
        {
            spatial ??= block.GetName() == InceptionPlan.SpatialBlock
                ? block.Unit(InceptionPlan.SpatialUnit).call(layer).narrow(1, 0, InceptionPlan.SpatialChannels).flatten(1) // [B, 7 * 17 * 17]
                : null;
            layer = block.call(layer);
        }

        var pooled = layer.mean([2, 3]); // [B, 2048, 8, 8] -> [B, 2048]
        var logits = pooled.matmul(_classes.weight.t()); // without the bias, as in the Inception Score of ADM's evaluation
        return new ImageFeatures(pooled.MoveToOuterDisposeScope(), spatial!.MoveToOuterDisposeScope(), logits.softmax(1).MoveToOuterDisposeScope());
    }

    private static Tensor Pool(Tensor layer) => nn.functional.max_pool2d(layer, kernel_size: 3, stride: 2);

    private List<InceptionUnit> Stem(IReadOnlyList<UnitPlan> plans, ref long width, int divisor)
    {
        var units = new List<InceptionUnit>();
        foreach (var plan in plans)
        {
            var unit = new InceptionUnit(plan with { Outputs = plan.Outputs / divisor }, width);
            register_module(plan.Name, unit);
            units.Add(unit);
            width = plan.Outputs / divisor;
        }

        return units;
    }
}
