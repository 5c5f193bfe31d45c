"""Output for people and scripts; the only package that uses rich. Functions return renderables."""
