namespace CtfService.Model.Cpu.MatMul;

/// <summary>What becomes of a product's sums when they leave the registers.</summary>
internal interface IEpilogue<TVector>
    where TVector : struct
{
    /// <param name="a">Sums of one row for a panel's first vector of features.</param>
    /// <param name="b">Sums of the same row for the second.</param>
    void Store(TVector a, TVector b, int row, int panel);
}
