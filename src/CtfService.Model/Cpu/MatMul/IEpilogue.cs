namespace CtfService.Model.Cpu.MatMul;

/// <summary>Writes the finished sums of a register tile to memory, after the element-wise operations that are fused with the product.</summary>
internal interface IEpilogue<TVector>
    where TVector : struct
{
    /// <summary>Stores the sums of one row and one panel.</summary>
    /// <param name="a">Sums of the panel's first vector of output features.</param>
    /// <param name="b">Sums of its second vector.</param>
    void Store(TVector a, TVector b, int row, int panel);
}
