using CtfService.Core.Models;
using CtfService.Model.Checkpoints.Tensors;
using CtfService.Model.Storage;

namespace CtfService.Model.Checkpoints.PyTorch;

/// <summary>
/// The state dict in a file written by torch.save, zip or legacy. Reads data only: the pickle may name only the globals in <see cref="PickleGlobal"/>, and
/// nothing is executed.
/// </summary>
public sealed class PyTorchFile : TensorFile
{
    private readonly InputFile _file;
    private readonly PyTorchContainer _container;
    private readonly IReadOnlyDictionary<string, PyTorchTensor> _tensors;

    private PyTorchFile(InputFile file, PyTorchContainer container, StateDictForm form)
        : base(file.Path, [.. form.Tensors.Select(tensor => new TensorEntry(tensor.Key, tensor.Value.Storage.Type.Type, tensor.Value.Shape))])
    {
        _file = file;
        _container = container;
        _tensors = form.Tensors;
        Form = form;
    }

    /// <summary>The location of the state dict in the file.</summary>
    public StateDictForm Form { get; }

    /// <summary>"PyTorch zip" or "PyTorch legacy".</summary>
    public override string Container => _container.Name;

    public bool IsBigEndian => _container.IsBigEndian;

    internal object? Root => _container.Root;

    /// <param name="preferEma">Reads the averaged weights (<c>ema</c>) of a training checkpoint instead of <c>model</c>.</param>
    /// <exception cref="CheckpointException">The file is missing, damaged, not a PyTorch file, names an unsupported global, or lacks the requested
    /// weights.</exception>
    public static PyTorchFile Open(string path, bool preferEma = false)
    {
        var file = InputFile.Open(path);
        try
        {
            return Open(file, preferEma);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Takes ownership of the file if it succeeds.</summary>
    internal static PyTorchFile Open(InputFile file, bool preferEma)
    {
        var container = PyTorchContainer.Read(file);
        return new PyTorchFile(file, container, StateDictForm.Find(file.Path, container.Root, preferEma));
    }

    /// <summary>Copies the elements of any tensor in the file.</summary>
    internal void Copy(PyTorchTensor tensor, Span<byte> destination)
    {
        var type = tensor.Storage.Type;
        if (type.IsWidened)
        {
            var stored = new byte[tensor.ElementCount * type.Bytes];
            CopyStored(tensor, stored);
            type.Widen(Path, stored, destination);
        }
        else
        {
            CopyStored(tensor, destination);
        }
    }

    private void CopyStored(PyTorchTensor tensor, Span<byte> destination)
    {
        var type = tensor.Storage.Type;
        var start = _container.Offsets[tensor.Storage.Key] + (tensor.Offset * type.Bytes);
        if (tensor.IsContiguous)
        {
            _file.Read(start, destination);
        }
        else
        {
            StridedCopy.Gather(tensor, _file.Read(start, tensor.Extent * type.Bytes), destination);
        }

        if (_container.IsBigEndian)
        {
            StridedCopy.Swap(destination, type.SwappedBytes);
        }
    }

    private protected override void CopyBytes(TensorEntry entry, Span<byte> destination) => Copy(_tensors[entry.Name], destination);

    protected override void Dispose(bool disposing) => _file.Dispose();
}
