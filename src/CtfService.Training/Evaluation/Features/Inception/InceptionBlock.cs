using static TorchSharp.torch;

namespace CtfService.Training.Evaluation.Features.Inception;

/// <summary>A block of <see cref="InceptionPlan"/>. Keys: those of its units, prefixed with their names.</summary>
internal sealed class InceptionBlock : nn.Module<Tensor, Tensor>
{
    private readonly BlockPlan _plan;
    private readonly Dictionary<string, InceptionUnit> _units = [];

    /// <param name="divisor">Divides every number of channels except <paramref name="inputs"/>.</param>
    public InceptionBlock(BlockPlan plan, long inputs, int divisor)
        : base(plan.Name)
    {
        _plan = plan;
        foreach (var branch in plan.Branches)
        {
            var width = inputs;
            foreach (var unit in branch.Chain)
            {
                width = Add(unit, width, divisor);
            }

            foreach (var unit in branch.Fork)
            {
                Add(unit, width, divisor);
            }
        }

        var pooled = plan.PoolUnit is { } poolUnit ? Add(poolUnit, inputs, divisor) : inputs;
        OutputWidth = (plan.Branches.Sum(branch => branch.Outputs) / divisor) + pooled;
    }

    /// <summary>Number of output channels.</summary>
    public long OutputWidth { get; }

    public InceptionUnit Unit(string name) => _units[name];

    /// <summary>Maps [B, in, h, w] to [B, <see cref="OutputWidth"/>, h', w'].</summary>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return cat([.. _plan.Branches.SelectMany(branch => Outputs(branch, input)), Pooled(input)], 1).MoveToOuterDisposeScope();
    }

    private IEnumerable<Tensor> Outputs(BranchPlan branch, Tensor input)
    {
        var last = branch.Chain.Aggregate(input, (tensor, unit) => _units[unit.Name].call(tensor));
        return branch.Fork.Count == 0 ? [last] : [.. branch.Fork.Select(unit => _units[unit.Name].call(last))];
    }

    private Tensor Pooled(Tensor input)
    {
        var pooled = _plan.Pooling switch
        {
            BlockPooling.Average => nn.functional.avg_pool2d(input, kernel_size: 3, stride: 1, padding: 1, count_include_pad: false),
            BlockPooling.Maximum => nn.functional.max_pool2d(input, kernel_size: 3, stride: 1, padding: 1),
            _ => nn.functional.max_pool2d(input, kernel_size: 3, stride: 2),
        };
        return _plan.PoolUnit is { } unit ? _units[unit.Name].call(pooled) : pooled;
    }

    private long Add(UnitPlan plan, long inputs, int divisor)
    {
        var unit = new InceptionUnit(plan with { Outputs = plan.Outputs / divisor }, inputs);
        _units.Add(plan.Name, unit);
        register_module(plan.Name, unit);
        return plan.Outputs / divisor;
    }
}
