// Ours, where TorchSharp.Modules has a type of the same name.
global using Convolution = CtfService.Model.Layers.Convolution;
global using GroupNorm = CtfService.Model.Layers.GroupNorm;
