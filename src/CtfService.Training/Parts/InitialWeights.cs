using System.Security.Cryptography;
using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using static TorchSharp.torch;

namespace CtfService.Training.Parts;

/// <summary>A file of weights that a training begins with instead of random ones, such as a stage of a bundle or the best weights of another run.</summary>
public sealed class InitialWeights
{
    private readonly string _path;

    private InitialWeights(string path, string hash)
    {
        _path = path;
        Hash = hash;
    }

    /// <summary>SHA-256 of the file, in hexadecimal.</summary>
    public string Hash { get; }

    /// <summary>Finds a file. Reads it once for its hash.</summary>
    /// <param name="path">Safetensors file with the names of the module; of any element type.</param>
    /// <exception cref="CheckpointException">The file does not exist or is not readable as safetensors.</exception>
    public static InitialWeights Find(string path)
    {
        SafetensorsFile.Open(path).Dispose();
        using var stream = File.OpenRead(path);
        return new InitialWeights(path, Convert.ToHexStringLower(SHA256.HashData(stream)));
    }

    /// <summary>Copies the weights into a module.</summary>
    /// <exception cref="CheckpointException">The weights do not fit; the message lists the differences.</exception>
    internal void CopyTo(nn.Module module)
    {
        using var file = SafetensorsFile.Open(_path);
        StateDictLoader.Load(module, file);
    }
}
