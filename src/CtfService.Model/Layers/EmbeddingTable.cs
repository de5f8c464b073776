using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CtfService.Model.Layers;

/// <summary>An embedding table, looked up by row index. Key: <c>weight</c> [rows, width].</summary>
internal sealed class EmbeddingTable : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "weight")]
    private readonly Parameter _weight;

    public EmbeddingTable(long rows, long width)
        : this(ParameterScope.Normal(Projection.InitialDeviation, rows, width))
    {
    }

    /// <param name="weight">[rows, width]; the module takes ownership.</param>
    public EmbeddingTable(Parameter weight)
        : base(nameof(EmbeddingTable))
    {
        _weight = weight;
        RegisterComponents();
    }

    public Parameter Weight => _weight;

    /// <summary>Looks up int64 [..] to [.., width].</summary>
    public override Tensor forward(Tensor rows) => Rows(_weight, rows);

    /// <summary>Returns the rows of a table [N, width] at int64 indices [..]: [.., width].</summary>
    internal static Tensor Rows(Tensor table, Tensor indices)
    {
        using var scope = NewDisposeScope();
        return table.index_select(0, indices.flatten()).reshape([.. indices.shape, table.shape[1]]).MoveToOuterDisposeScope();
    }
}
